import { invalidToken } from '../errors.ts';
import type { KeySet } from '../key-set/key-set.ts';
import { type Opening, openSignedToken, type SignedToken } from '../key-set/signed-token.ts';
import type { SignaturePolicy } from '../key-set/verification-key.ts';
import { hasClaim, isForAudience, isIdentifier, isNumericDate } from '../token/claim-checks.ts';
import type { TokenProfile } from '../token/compact-token.ts';
import { entriesBetween, isPosition, type Position } from './position.ts';
import { isRevocation, type Revocation } from './revocation.ts';

/** What a security event of the feed says. `revocations` are all that there are between the two positions. */
export interface SecurityEvent {
  readonly kind: 'batch' | 'snapshot' | 'heartbeat';
  readonly after: Position;
  readonly upTo: Position;
  readonly revocations: readonly Revocation[];
  /** Of a snapshot: this was its last page. */
  readonly done: boolean;
}

/** The `aud` of security events: everybody who follows the feed. */
export const feedAudience = 'urn:latchkey:revocations';

export const eventTypes = {
  /** OpenID CAEP 1.0 §3.1 */
  sessionRevoked: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  revocations: 'urn:latchkey:event:revocations',
  snapshot: 'urn:latchkey:event:snapshot',
  heartbeat: 'urn:latchkey:event:heartbeat',
} as const;

/** The longest event that is looked at, in characters. */
export const maxEventLength = 1024 * 1024;

const profile: TokenProfile = {
  // RFC 8417 §2.3
  types: ['secevent+jwt'],
  refusedParameters: ['x5t', 'x5t#S256'],
  maxLength: maxEventLength,
  isEvent: true,
};

/** What the keys of security events check by themselves. */
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

export interface EventSurroundings {
  issuer: string;
  /** Made with `eventPolicy`. */
  keySet: KeySet;
  /** Whether this key was revoked: what it signs from then on may be anybody's. */
  isRevokedKey: (kid: string) => boolean;
  /** Monotonic, in milliseconds. */
  now: number;
}

/**
 * Reads a Security Event Token (RFC 8417) of the issuer's feed, as strictly as an access token: RS256, secevent+jwt, by
 * the issuer's keys, `aud` the feed alone, exactly one event of a type that is known, whose positions and number of
 * revocations fit each other. Answers at once, unless keys must be fetched first.
 *
 * Does not check any time: what was revoked is revoked, however the clocks are set. Does not ask whether it is new, or
 * whether something between it and the last one is missing: see FeedChain.
 *
 * @throws AuthError invalid_token or key_set_unavailable, thrown or as the promise's rejection
 */
export function openSecurityEvent(
  token: string,
  { issuer, keySet, isRevokedKey, now }: EventSurroundings,
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
  // RFC 8417 §2.2 advises against exp. Who sets a limit wants it checked, and no time is checked here.
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

/** RFC 9493 names the session, CAEP the reason. */
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
