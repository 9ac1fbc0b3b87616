import { invalidToken } from '../errors.ts';
import { entriesBetween, eventIdOf, isPosition, type Position } from './position.ts';
import { isRevocation, type Revocation } from './revocation.ts';

/** An event of the feed. `revocations` are all those between the two positions. */
export type FeedEvent = {
  readonly kind: 'batch' | 'snapshot' | 'heartbeat';
  readonly after: Position;
  readonly upTo: Position;
  readonly revocations: readonly Revocation[];
  /** Whether this is the last page of a snapshot. */
  readonly done: boolean;
};

/** The `aud` of security events: all subscribers of the feed. */
export const feedAudience = 'urn:latchkey:revocations';
/** The `typ` of security events (RFC 8417 §2.3). */
export const feedTokenType = 'secevent+jwt';
/** The most revocations that an issuer puts into one event: about 90 KB, and one signature. */
export const maxRevocations = 500;

const types = {
  /** OpenID CAEP 1.0 §3.1 */
  sessionRevoked: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  revocations: 'urn:latchkey:event:revocations',
  snapshot: 'urn:latchkey:event:snapshot',
  heartbeat: 'urn:latchkey:event:heartbeat',
} as const;

/**
 * The claims of an event, for whoever signs them as a Security Event Token (RFC 8417). The positions before and after
 * it let a subscriber notice a missing one. They do not expire (§2.2): a revocation stays in force, and a wrong clock
 * must not lose an event. Does not check that there are as many revocations as the positions say.
 *
 * @param nowMs milliseconds since 1970
 * @example
 * const heartbeat = { kind: 'heartbeat', after: head, upTo: head, revocations: [], done: false };
 * const claims = writeEvent(heartbeat, { issuer, id: randomUUID(), nowMs: Date.now() });
 */
export function writeEvent(
  event: FeedEvent,
  { issuer, id, nowMs }: { issuer: string; id: string; nowMs: number },
): Record<string, unknown> {
  const { after, upTo } = event;
  const iat = Math.floor(nowMs / 1000);
  return { iss: issuer, aud: feedAudience, iat, jti: id, after, up_to: upTo, ...contentOf(event, iat) };
}

function contentOf({ kind, revocations, done }: FeedEvent, now: number): Record<string, unknown> {
  if (kind === 'heartbeat') return { events: { [types.heartbeat]: {} } };
  if (kind === 'snapshot') return { events: { [types.snapshot]: { revocations, done } } };
  const [only] = revocations;
  if (revocations.length !== 1 || only?.kind !== 'session')
    return { events: { [types.revocations]: { revocations } } };
  // A standard event that other products understand. The session is part of a complex subject (CAEP §2, RFC 9493).
  return {
    sub_id: { format: 'complex', session: { format: 'opaque', id: only.id } },
    events: { [types.sessionRevoked]: { event_timestamp: now, reason_admin: { en: only.reason } } },
  };
}

/**
 * Reads what an event says: exactly one event of a known type, and as many revocations as its positions say. Does not
 * check the signature, the issuer, the audience or any time.
 *
 * @throws AuthError invalid_token
 */
export function readEvent(claims: Readonly<Record<string, unknown>>): FeedEvent {
  const { after, up_to: upTo } = claims;
  if (!isPosition(after) || !isPosition(upTo)) throw invalidToken('positions');
  const event: FeedEvent = { after, upTo, ...readContent(claims) };
  const entries = entriesBetween(after, upTo);
  if (entries === undefined) throw invalidToken('positions');
  if (entries !== event.revocations.length) throw invalidToken('count');
  return event;
}

function readContent(claims: Readonly<Record<string, unknown>>): Omit<FeedEvent, 'after' | 'upTo'> {
  const [type, content] = onlyEventOf(claims.events);
  switch (type) {
    case types.sessionRevoked:
      return { kind: 'batch', revocations: [sessionOf(claims.sub_id, content)], done: false };
    case types.revocations:
      return { kind: 'batch', revocations: revocationsOf(content), done: false };
    case types.snapshot:
      if (typeof content.done !== 'boolean') throw invalidToken('event');
      return { kind: 'snapshot', revocations: revocationsOf(content), done: content.done };
    case types.heartbeat:
      return { kind: 'heartbeat', revocations: [], done: false };
    default:
      throw invalidToken('event type');
  }
}

function onlyEventOf(events: unknown): [type: string, content: Record<string, unknown>] {
  const [event, ...others] = isObject(events) ? Object.entries(events) : [];
  if (!event || others.length > 0 || !isObject(event[1])) throw invalidToken('events');
  return [event[0], event[1]];
}

function revocationsOf({ revocations }: Record<string, unknown>): Revocation[] {
  if (!Array.isArray(revocations) || !revocations.every(isRevocation)) throw invalidToken('revocations');
  return revocations;
}

/** The session comes in the form of RFC 9493, the reason in that of CAEP. */
function sessionOf(subject: unknown, event: Record<string, unknown>): Revocation {
  const session = isObject(subject) && subject.format === 'complex' ? subject.session : undefined;
  const id = isObject(session) && session.format === 'opaque' ? session.id : undefined;
  const reason = isObject(event.reason_admin) ? event.reason_admin.en : undefined;
  const revocation = { kind: 'session', id, reason };
  if (!isRevocation(revocation)) throw invalidToken('session');
  return revocation;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An event as a message of the stream (WHATWG HTML §9.2.6). `token` is signed: a compact JWS has no line break. */
export function writeMessage(upTo: Position, token: string): string {
  return `id: ${eventIdOf(upTo)}\ndata: ${token}\n\n`;
}
