import { type KeyObject, randomBytes } from 'node:crypto';
import type { TokenClaims } from './claims.ts';
import { signCompactJws } from './compact-jws.ts';
import { effectiveIssuedFrom } from './issued-from.ts';

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };

export type AccessToken = {
  readonly token: string;
  readonly expiresInSeconds: number;
};

export type AccessTokenIssuerOptions = {
  readonly issuer: string;
  readonly lifetimeSeconds: number;
  /** Returns the current signing key. Called for each token, because the key changes. */
  readonly signer: () => SigningKey;
  /** No token of this client (`client_id`) may have an earlier `iat`; in seconds since the epoch, 0 for none. */
  readonly issuedFromOf?: (clientId: string) => number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type AccessTokenLimits = {
  /**
   * When the claims were read, in milliseconds since the epoch; default: now. With a later `iat`, the token would
   * escape a revocation caused by a change in between.
   */
  readonly issuedAt?: number;
  /** The earliest allowed `iat`, in seconds since the epoch: tokens with an earlier one are revoked. */
  readonly issuedFrom?: number;
  /** The latest allowed `exp`, in seconds since the epoch. */
  readonly expiresBy?: number;
};

export type AccessTokenIssuer = (claims: TokenClaims, limits?: AccessTokenLimits) => Promise<AccessToken>;

/**
 * Issues access tokens (RFC 9068) as RS256 JWS in compact form.
 *
 * A token contains no personal data, because anybody can read it: `sub` and `sid` are opaque. Does not check whether
 * the session is alive or the scopes are allowed: the caller has just done so.
 *
 * @example
 * const issue = createAccessTokenIssuer({ issuer, lifetimeSeconds: 300, signer: () => keyRing.signer(), clock });
 * const { token } = await issue(personClaims(grant, ['cart:read']));
 */
export function createAccessTokenIssuer(options: AccessTokenIssuerOptions): AccessTokenIssuer {
  const { issuer, lifetimeSeconds } = options;

  return async (claims, limits = {}) => {
    const signer = options.signer();
    const now = Math.floor((limits.issuedAt ?? options.clock()) / 1000);
    const issuedAt = Math.max(
      now,
      effectiveIssuedFrom(limits.issuedFrom ?? 0, now),
      effectiveIssuedFrom(options.issuedFromOf?.(claims.client_id) ?? 0, now),
    );
    // Counted from now, not from `iat`: a revocation is only kept for the lifetime of a token issued now.
    const expiresAt = Math.min(now + lifetimeSeconds, limits.expiresBy ?? Number.POSITIVE_INFINITY);
    const payload = {
      iss: issuer,
      ...claims,
      jti: randomBytes(16).toString('base64url'),
      iat: issuedAt,
      exp: expiresAt,
    };
    return {
      token: await signCompactJws({ typ: 'at+jwt', payload, signer }),
      expiresInSeconds: expiresAt - now,
    };
  };
}
