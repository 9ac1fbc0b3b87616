import { invalidToken } from '../errors.ts';

// The last second of the year 9999. A time in milliseconds, which is a mistake, is far beyond it.
const lastNumericDate = 253_402_300_799;
const maxAudiences = 64;
const maxIdentifierLength = 255;

/** Seconds since 1970 (RFC 7519 §2, NumericDate), up to the year 9999; whole unless fractions are allowed. */
export function isNumericDate(value: unknown, { fractions = false } = {}): value is number {
  return (
    typeof value === 'number' &&
    (fractions || Number.isInteger(value)) &&
    value > 0 &&
    value <= lastNumericDate
  );
}

/** 1 to 255 characters, none of them a control character: these values end up in logs, keys and headers. */
export function isIdentifier(value: unknown): value is string {
  if (typeof value !== 'string' || value === '') return false;
  if (value.length > maxIdentifierLength && [...value].length > maxIdentifierLength) return false;
  // A loop, because a regular expression costs more, and a token has nine identifiers.
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    // U+0000 to U+001F, U+007F to U+009F.
    if (code < 0x20 || (code > 0x7e && code < 0xa0)) return false;
  }
  return true;
}

/** True if the object itself, not its prototype, has the claim. */
export function hasClaim(object: object, name: string): boolean {
  return Object.hasOwn(object, name);
}

/** Whether `aud` (RFC 7519 §4.1.3) is well-formed and names this audience, possibly among others. */
export function isForAudience(aud: unknown, audience: string): boolean {
  if (typeof aud === 'string') return aud === audience;
  return (
    Array.isArray(aud) && aud.length <= maxAudiences && aud.every(isIdentifier) && aud.includes(audience)
  );
}

export type LifetimePolicy = {
  /** How far ahead of our clock `iat` and `nbf` may be. */
  clockSkewSeconds: number;
  /** How long after `exp` a token still passes. Default 0. */
  expiryLeewaySeconds?: number;
  /** Upper limit of `exp − iat`. */
  maxLifetimeSeconds: number;
  /** Whether times may have fractions, as RFC 7519 §2 allows. Default no: our issuer sends none. */
  fractions?: boolean;
};

/**
 * Checks `iat`, `exp` and, if present, `nbf` (RFC 7519 §4.1.4 to §4.1.6), at `now` in seconds.
 *
 * @throws AuthError invalid_token, its `reason` the name of the claim, or 'expired'
 */
export function checkLifetime(
  claims: Record<string, unknown>,
  { policy, now }: { policy: LifetimePolicy; now: number },
): void {
  const latest = now + policy.clockSkewSeconds;
  const { iat, exp, nbf } = claims;
  const { fractions = false } = policy;
  const isDate = (value: unknown): value is number => isNumericDate(value, { fractions });
  if (!isDate(iat) || iat > latest) throw invalidToken('iat');
  if (!isDate(exp) || exp <= iat || wholeMs(exp - iat) > policy.maxLifetimeSeconds * 1000)
    throw invalidToken('exp');
  if (now >= exp + (policy.expiryLeewaySeconds ?? 0)) throw invalidToken('expired');
  if (hasClaim(claims, 'nbf') && (!isDate(nbf) || nbf > latest)) throw invalidToken('nbf');
}

/** Rounds away floating-point error: a double holds a time of today only to some 0.2 µs. */
function wholeMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
