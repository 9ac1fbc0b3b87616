import { invalidToken } from '../errors.ts';
import { checkLifetime, hasClaim, isForAudience, isIdentifier, isNumericDate } from './claim-checks.ts';
import { isScopeList } from './scope.ts';

/** The actor on the subject's behalf (RFC 8693 §4.1): `act`, possibly nested, the latest actor outermost. */
export type ActorClaim = {
  readonly sub: string;
  readonly act?: ActorClaim;
  readonly [name: string]: unknown;
};

/** What both kinds of access token say (RFC 9068 §2.2). Times are NumericDates: whole seconds. */
type CommonClaims = {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  readonly scope?: string;
  readonly acr?: string;
  /** The key to which the token is bound (RFC 7800 §3.1, RFC 9449 §6.1). */
  readonly cnf?: { readonly jkt: string };
  readonly [name: string]: unknown;
};

/** A person's token: it comes from a sign-in, possibly exchanged by services that act for the person. */
export interface UserTokenClaims extends CommonClaims {
  readonly sid: string;
  readonly auth_time: number;
  readonly act?: ActorClaim;
}

/** A service's own token (client credentials, RFC 6749 §4.4): no person is behind it, and `sub` is the client. */
export interface ServiceTokenClaims extends CommonClaims {
  readonly sid?: undefined;
  readonly auth_time?: undefined;
  readonly act?: undefined;
}

/** The claims of an access token, after checkClaims. */
export type AccessTokenClaims = UserTokenClaims | ServiceTokenClaims;

export type ClaimsPolicy = {
  issuer: string;
  audience: string;
  /** How far ahead of our clock `iat`, `nbf` and `auth_time` may be. `exp` gets no leeway. */
  clockSkewSeconds: number;
  /** Upper limit of `exp − iat`. */
  maxTokenLifetimeSeconds: number;
};

const maxActors = 8;
const claimsOfUsers = ['sid', 'auth_time', 'act'];

/**
 * Checks every claim of a token with a good signature (RFC 9068 §4, RFC 7519 §4.1), at `now` in seconds.
 *
 * `exp` is strict: a token is refused from that second on. A client can refresh a token that was refused a little
 * early; leeway would only lengthen the life of a stolen token.
 *
 * A token is a service's own if it has none of `sid`, `auth_time` and `act`, and its `sub` is its `client_id` (RFC 9068
 * §2.2); any other must have both `sid` and `auth_time`.
 *
 * Does not check revocation or scopes.
 *
 * @throws AuthError invalid_token, its `reason` the name of the claim
 * @example checkClaims(payload, { policy, now: Date.now() / 1000 })
 */
export function checkClaims(
  claims: Record<string, unknown>,
  { policy, now }: { policy: ClaimsPolicy; now: number },
): asserts claims is AccessTokenClaims {
  const { issuer, audience, clockSkewSeconds, maxTokenLifetimeSeconds } = policy;
  if (claims.iss !== issuer) throw invalidToken('iss');
  if (!isForAudience(claims.aud, audience)) throw invalidToken('aud');
  for (const name of ['sub', 'client_id', 'jti']) if (!isIdentifier(claims[name])) throw invalidToken(name);
  checkLifetime(claims, { policy: { clockSkewSeconds, maxLifetimeSeconds: maxTokenLifetimeSeconds }, now });
  if (!isServicesOwn(claims)) checkSignIn(claims, now + clockSkewSeconds);
  if (hasClaim(claims, 'scope') && !(typeof claims.scope === 'string' && isScopeList(claims.scope)))
    throw invalidToken('scope');
  if (hasClaim(claims, 'cnf') && !isConfirmation(claims.cnf)) throw invalidToken('cnf');
  if (hasClaim(claims, 'acr') && !isIdentifier(claims.acr)) throw invalidToken('acr');
}

/** A confirmation that we cannot check must not be ignored: the token would be a bearer token (RFC 7800 §3.1). */
function isConfirmation(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { jkt } = value as { jkt?: unknown };
  return Object.keys(value).length === 1 && typeof jkt === 'string' && /^[A-Za-z0-9_-]{43}$/.test(jkt);
}

function isServicesOwn(claims: Record<string, unknown>): boolean {
  return claims.sub === claims.client_id && !claimsOfUsers.some((name) => hasClaim(claims, name));
}

function checkSignIn(claims: Record<string, unknown>, latest: number): void {
  const { sid, auth_time: authTime } = claims;
  if (!isIdentifier(sid)) throw invalidToken('sid');
  if (!isNumericDate(authTime) || authTime > latest) throw invalidToken('auth_time');
  if (hasClaim(claims, 'act')) checkActor(claims.act);
}

function checkActor(actor: unknown): void {
  let current = actor;
  for (let depth = 0; depth < maxActors; depth += 1) {
    if (typeof current !== 'object' || current === null || Array.isArray(current)) throw invalidToken('act');
    const members = current as Record<string, unknown>;
    if (!isIdentifier(members.sub)) throw invalidToken('act');
    if (!hasClaim(members, 'act')) return;
    current = members.act;
  }
  throw invalidToken('act');
}
