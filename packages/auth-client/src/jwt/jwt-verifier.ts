import { asAuthError, invalidToken } from '../errors.ts';
import { KeySet } from '../key-set/key-set.ts';
import { openSignedToken } from '../key-set/signed-token.ts';
import { checkLifetime, hasClaim, isForAudience, isIdentifier } from '../token/claim-checks.ts';
import { asJwtError, JwtError } from './errors.ts';
import { type CheckedJwtVerifierOptions, checkJwtOptions, type JwtVerifierOptions } from './options.ts';

/** The claims of a token that passed. Claims beyond these are unchecked, unless checkClaims checked them. */
export type JwtClaims = {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud: string | readonly string[];
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  readonly [name: string]: unknown;
};

export type JwtVerifier = {
  /** Verifies a token. @throws JwtError, and nothing else, as the promise's rejection */
  verify(token: string): Promise<JwtClaims>;
  /** Seconds since the keys were last fetched; Infinity before the first time. */
  readonly keySetAgeSeconds: number;
  /** Aborts the fetch in progress and prevents further ones. */
  close(): void;
};

/**
 * Verifies signed tokens that are not access tokens, such as client assertions (RFC 7523 §3), just as strictly: RS256,
 * one of the given types, signed with a key that one address publishes. `aud` must be this audience and no other.
 * `jti`, `iat` and `exp` are required, and so is `iss` if an issuer is given. Times may have fractions (RFC 7519 §2).
 *
 * The keys are fetched for the first token, when they are too old, and for an unknown kid, at most once per cooldown
 * and one request at a time. No timer runs.
 *
 * Does not remember tokens: to accept each `jti` once, store it for maxLifetimeSeconds plus the leeway.
 *
 * @throws AuthClientError invalid_options, naming every fault
 * @example
 * const assertions = createJwtVerifier({ jwksUri, issuer: 'payment-service', audience: issuer, typ: [null, 'jwt'],
 *   maxLifetimeSeconds: 60, expiryLeewaySeconds: 30 })
 * const { jti } = await assertions.verify(assertion)
 */
export function createJwtVerifier(given: JwtVerifierOptions): JwtVerifier {
  const options = checkJwtOptions(given);
  const { clock } = options;
  const keySet = new KeySet({
    jwksUri: options.jwksUri,
    fetch: options.fetch,
    timeoutMs: options.timeoutMs,
    cooldownSeconds: options.cooldownSeconds,
    maxStaleSeconds: options.maxStaleSeconds,
    clock,
    refresh: 'on-demand',
    ...(options.onFailed && { onFailed: options.onFailed }),
  });
  const profile = { types: options.typ, refusedParameters: ['x5t', 'x5t#S256'] };

  async function verify(token: string): Promise<JwtClaims> {
    try {
      if (typeof token !== 'string') throw invalidToken('format');
      await keySet.untilUsable();
      const { claims } = await openSignedToken(token, { keySet, profile });
      checkStandardClaims(claims, { options, now: clock.wallMs() / 1000 });
      await options.checkClaims?.(claims);
      return claims;
    } catch (error) {
      throw error instanceof JwtError ? error : asJwtError(asAuthError(error));
    }
  }

  return {
    verify,
    get keySetAgeSeconds() {
      return keySet.ageSeconds;
    },
    close: () => keySet.close(),
  };
}

function checkStandardClaims(
  claims: Record<string, unknown>,
  { options, now }: { options: CheckedJwtVerifierOptions; now: number },
): asserts claims is JwtClaims & Record<string, unknown> {
  const { issuer, audience } = options;
  if (issuer !== undefined && claims.iss !== issuer) throw invalidToken('iss');
  if (!isForAudience(claims.aud, audience)) throw invalidToken('aud');
  if (Array.isArray(claims.aud) && claims.aud.length !== 1) throw invalidToken('aud');
  if (!isIdentifier(claims.jti)) throw invalidToken('jti');
  for (const name of ['iss', 'sub'])
    if (hasClaim(claims, name) && !isIdentifier(claims[name])) throw invalidToken(name);
  checkLifetime(claims, { policy: { ...options, fractions: true }, now });
}
