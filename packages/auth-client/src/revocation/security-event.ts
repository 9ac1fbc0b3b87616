import { invalidToken } from '../errors.ts';
import type { KeySet } from '../key-set/key-set.ts';
import { type Opening, openSignedToken, type SignedToken } from '../key-set/signed-token.ts';
import type { SignaturePolicy } from '../key-set/verification-key.ts';
import { hasClaim, isForAudience, isIdentifier, isNumericDate } from '../token/claim-checks.ts';
import type { TokenProfile } from '../token/compact-token.ts';
import { entriesBetween, isPosition, type Position } from './position.ts';
import { isRevocation, type Revocation } from './revocation.ts';

/** The content of a security event of the feed. `revocations` are all those between the two positions. */
export interface SecurityEvent {
  readonly kind: 'batch' | 'snapshot' | 'heartbeat';
  readonly after: Position;
  readonly upTo: Position;
  readonly revocations: readonly Revocation[];
  /** Whether this is the last page of a snapshot. */
  readonly done: boolean;
}

/** The `aud` of security events: all subscribers of the feed. */
export const feedAudience = 'urn:latchkey:revocations';

export const eventTypes = {
  /** OpenID CAEP 1.0 §3.1 */
  sessionRevoked: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  revocations: 'urn:latchkey:event:revocations',
  snapshot: 'urn:latchkey:event:snapshot',
  heartbeat: 'urn:latchkey:event:heartbeat',
} as const;

/** The longest event that is read, in characters. */
export const maxEventLength = 1024 * 1024;

const profile: TokenProfile = {
  // RFC 8417 §2.3
  types: ['secevent+jwt'],
  refusedParameters: ['x5t', 'x5t#S256'],
  maxLength: maxEventLength,
  isEvent: true,
};

/** What the signature library checks in security events. */
export function securityEventSignature(issuer: string): SignaturePolicy {
  return {
    issuer,
    audience: feedAudience,
    typ: 'secevent+jwt',
    requiredClaims: ['iss', 'aud', 'iat', 'jti', 'events'],
    clockSkewSeconds: 0,
    withoutTimes: true,
  };
}

export interface EventContext {
  issuer: string;
  /** Made with `eventPolicy`. */
  keySet: KeySet;
  /** Whether this key was revoked: a thief may sign with it. */
  isRevokedKey: (kid: string) => boolean;
  /** Monotonic, in milliseconds. */
  now: number;
}

/**
 * Reads a Security Event Token (RFC 8417) of the issuer's feed, as strictly as an access token: RS256, secevent+jwt,
 * signed with the issuer's keys, `aud` the feed alone, exactly one event of a known type, as many revocations as its
 * positions say. Returns synchronously unless keys must be fetched first.
 *
 * Checks no times: a revocation holds however the clocks are set. Does not check whether the event is new, or whether
 * one before it is missing: see FeedChain.
 *
 * @throws AuthError invalid_token or key_set_unavailable, thrown or as the promise's rejection
 */
export function openSecurityEvent(
  token: string,
  { issuer, keySet, isRevokedKey, now }: EventContext,
): SecurityEvent | Promise<SecurityEvent> {
  const checkKey = (kid: string): void => {
    if (isRevokedKey(kid)) throw invalidToken('revoked key');
  };
  const opening = { keySet, profile, checkKey };
  const opened = keySet.isUsableAt(now) ? openSignedToken(token, opening) : openWhenUsable(token, opening);
  return opened instanceof Promise
    ? opened.then((signed) => eventOf(signed, issuer))
    : eventOf(opened, issuer);
}

async function openWhenUsable(token: string, opening: Opening): Promise<SignedToken> {
  await opening.keySet.refreshForEvents();
  await opening.keySet.untilUsable();
  return openSignedToken(token, opening);
}

function eventOf({ claims }: SignedToken, issuer: string): SecurityEvent {
  if (claims.iss !== issuer) throw invalidToken('iss');
  if (!isForAudience(claims.aud, feedAudience)) throw invalidToken('aud');
  if (Array.isArray(claims.aud) && claims.aud.length !== 1) throw invalidToken('aud');
  if (!isNumericDate(claims.iat)) throw invalidToken('iat');
  if (!isIdentifier(claims.jti)) throw invalidToken('jti');
  // RFC 8417 §2.2 advises against exp. No time is checked here, so an event with a time limit is refused.
  for (const name of ['exp', 'nbf']) if (hasClaim(claims, name)) throw invalidToken(name);
  const event = contentOf(claims);
  const entries = entriesBetween(event.after, event.upTo);
  if (entries === undefined) throw invalidToken('positions');
  if (entries !== event.revocations.length) throw invalidToken('count');
  return event;
}

function contentOf(claims: Record<string, unknown>): SecurityEvent {
  const { after, up_to: upTo } = claims;
  if (!isPosition(after) || !isPosition(upTo)) throw invalidToken('positions');
  const [type, content] = onlyEventOf(claims.events);
  const plain = { after, upTo, done: false };
  switch (type) {
    case eventTypes.sessionRevoked:
      return { ...plain, kind: 'batch', revocations: [sessionOf(claims.sub_id, content)] };
    case eventTypes.revocations:
      return { ...plain, kind: 'batch', revocations: revocationsOf(content) };
    case eventTypes.snapshot:
      if (typeof content.done !== 'boolean') throw invalidToken('event');
      return { ...plain, kind: 'snapshot', revocations: revocationsOf(content), done: content.done };
    case eventTypes.heartbeat:
      return { ...plain, kind: 'heartbeat', revocations: [] };
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
