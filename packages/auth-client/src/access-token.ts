import { invalidToken } from './errors.ts';
import { isScopeList } from './scope.ts';

/** Who acts on the subject's behalf (RFC 8693 §4.1): `act`, possibly nested, the latest actor outermost. */
export interface ActorClaim {
  readonly sub: string;
  readonly act?: ActorClaim;
  readonly [name: string]: unknown;
}

/** The claims of an access token (RFC 9068 §2.2), after checkClaims. Times are NumericDates: whole seconds. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly auth_time: number;
  readonly nbf?: number;
  readonly scope?: string;
  readonly acr?: string;
  readonly act?: ActorClaim;
  readonly [name: string]: unknown;
}

export interface ClaimsPolicy {
  issuer: string;
  audience: string;
  /** How far ahead of our clock `iat`, `nbf` and `auth_time` may be. `exp` gets no leeway. */
  clockSkewSeconds: number;
  /** The most that `exp − iat` may be. */
  maxTokenLifetimeSeconds: number;
}

// The last second of the year 9999: a time in milliseconds is far beyond it.
const lastNumericDate = 253_402_300_799;
const maxAudiences = 64;
const maxActors = 8;
// At most 255 characters, no control characters: these values end up in logs, keys and headers.
const identifier = /^[^\p{Cc}]{1,255}$/u;

/**
 * Checks every claim of a token whose signature is good (RFC 9068 §4, RFC 7519 §4.1), at `now` in seconds.
 *
 * `exp` is strict: a token is refused from that second on. A client whose token is refused a little early refreshes;
 * leeway would only lengthen the life of a stolen one.
 *
 * Does not check revocation, nor whether the scopes suffice.
 *
 * @throws AuthError invalid_token, its `reason` the name of the claim
 * @example checkClaims(payload, { policy, now: Date.now() / 1000 })
 */
export function checkClaims(
  claims: Record<string, unknown>,
  { policy, now }: { policy: ClaimsPolicy; now: number },
): asserts claims is AccessTokenClaims {
  if (claims.iss !== policy.issuer) throw invalidToken('iss');
  if (!isForAudience(claims.aud, policy.audience)) throw invalidToken('aud');
  for (const name of ['sub', 'client_id', 'jti', 'sid'])
    if (!isIdentifier(claims[name])) throw invalidToken(name);
  checkTimes(claims, { policy, now });
  if (has(claims, 'scope') && !(typeof claims.scope === 'string' && isScopeList(claims.scope)))
    throw invalidToken('scope');
  if (has(claims, 'acr') && !isIdentifier(claims.acr)) throw invalidToken('acr');
  if (has(claims, 'act')) checkActor(claims.act);
}

function checkTimes(
  claims: Record<string, unknown>,
  { policy, now }: { policy: ClaimsPolicy; now: number },
): void {
  const latest = now + policy.clockSkewSeconds;
  const { iat, exp, auth_time: authTime, nbf } = claims;
  if (!isNumericDate(iat) || iat > latest) throw invalidToken('iat');
  if (!isNumericDate(exp) || exp <= iat || exp - iat > policy.maxTokenLifetimeSeconds)
    throw invalidToken('exp');
  if (now >= exp) throw invalidToken('expired');
  if (!isNumericDate(authTime) || authTime > latest) throw invalidToken('auth_time');
  if (has(claims, 'nbf') && (!isNumericDate(nbf) || nbf > latest)) throw invalidToken('nbf');
}

function isForAudience(aud: unknown, audience: string): boolean {
  if (typeof aud === 'string') return aud === audience;
  return (
    Array.isArray(aud) && aud.length <= maxAudiences && aud.every(isIdentifier) && aud.includes(audience)
  );
}

function checkActor(actor: unknown): void {
  let current = actor;
  for (let depth = 0; depth < maxActors; depth += 1) {
    if (typeof current !== 'object' || current === null || Array.isArray(current)) throw invalidToken('act');
    const members = current as Record<string, unknown>;
    if (!isIdentifier(members.sub)) throw invalidToken('act');
    if (!has(members, 'act')) return;
    current = members.act;
  }
  throw invalidToken('act');
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= lastNumericDate;
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && identifier.test(value);
}

function has(object: object, name: string): boolean {
  return Object.hasOwn(object, name);
}
