import { type KeyObject, randomBytes } from 'node:crypto';
import type { TokenClaims } from './claims.ts';
import { signCompactJws } from './compact-jws.ts';
import { honoured } from './issued-from.ts';

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };

export type AccessToken = {
  readonly token: string;
  readonly expiresInSeconds: number;
};

export type AccessTokenIssuerOptions = {
  readonly issuer: string;
  readonly lifetimeSeconds: number;
  /** The key that signs now; asked for each token, since it changes. */
  readonly signer: () => SigningKey;
  /** No token of this client (`client_id`) may have an earlier `iat`; in seconds since the epoch, 0 for none. */
  readonly issuedFromOf?: (clientId: string) => number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type AccessTokenLimits = {
  /**
   * When what the claims say was read, in milliseconds since the epoch; default now. A token that said a later `iat`
   * would outlive a revocation of what changed in between.
   */
  readonly issuedAt?: number;
  /** The earliest that `iat` may be, in seconds since the epoch: tokens from before are revoked. */
  readonly issuedFrom?: number;
  /** The latest that `exp` may be, in seconds since the epoch. */
  readonly expiresBy?: number;
};

export type AccessTokenIssuer = (claims: TokenClaims, limits?: AccessTokenLimits) => Promise<AccessToken>;

/**
 * Issues access tokens (RFC 9068) as RS256 JWS in compact form.
 *
 * Nothing about the person is in a token, because anybody can read it: `sub` and `sid` are opaque. Does not ask whether
 * the session lives, nor whether the scopes are allowed: whoever calls has just been told.
 *
 * @example
 * const issue = createAccessTokenIssuer({ issuer, lifetimeSeconds: 300, signer: () => keyRing.signer(), clock: Date.now });
 * const { token } = await issue(personClaims(grant, ['cart:read']));
 */
export function createAccessTokenIssuer(options: AccessTokenIssuerOptions): AccessTokenIssuer {
  const { issuer, lifetimeSeconds } = options;

  return async (claims, limits = {}) => {
    const signer = options.signer();
    const now = Math.floor((limits.issuedAt ?? options.clock()) / 1000);
    const issuedAt = Math.max(
      now,
      honoured(limits.issuedFrom ?? 0, now),
      honoured(options.issuedFromOf?.(claims.client_id) ?? 0, now),
    );
    // From now, and not from `iat`: a revocation is kept for as long as a token of this moment can live.
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
