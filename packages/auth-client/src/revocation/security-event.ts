import { invalidToken } from '../errors.ts';
import { type FeedEvent, feedAudience, feedTokenType, readEvent } from '../feed/event.ts';
import type { KeySet } from '../key-set/key-set.ts';
import { type Opening, openSignedToken, type SignedToken } from '../key-set/signed-token.ts';
import { hasClaim, isForAudience, isIdentifier, isNumericDate } from '../token/claim-checks.ts';
import type { TokenProfile } from '../token/compact-token.ts';

/** The longest event that is read, in characters. */
export const maxEventLength = 1024 * 1024;

const profile: TokenProfile = {
  types: [feedTokenType],
  refusedParameters: ['x5t', 'x5t#S256'],
  maxLength: maxEventLength,
  isEvent: true,
};

export type EventContext = {
  issuer: string;
  keySet: KeySet;
  /** Whether this key was revoked: a thief may sign with it. */
  isRevokedKey: (kid: string) => boolean;
  /** Monotonic, in milliseconds. */
  now: number;
};

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
): FeedEvent | Promise<FeedEvent> {
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

function eventOf({ claims }: SignedToken, issuer: string): FeedEvent {
  if (claims.iss !== issuer) throw invalidToken('iss');
  if (!isForAudience(claims.aud, feedAudience)) throw invalidToken('aud');
  if (Array.isArray(claims.aud) && claims.aud.length !== 1) throw invalidToken('aud');
  if (!isNumericDate(claims.iat)) throw invalidToken('iat');
  if (!isIdentifier(claims.jti)) throw invalidToken('jti');
  // RFC 8417 §2.2 advises against exp. No time is checked here, so an event with a time limit is refused.
  for (const name of ['exp', 'nbf']) if (hasClaim(claims, name)) throw invalidToken(name);
  return readEvent(claims);
}
