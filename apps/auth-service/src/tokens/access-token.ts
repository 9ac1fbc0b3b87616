import { type KeyObject, randomBytes } from 'node:crypto';
import { encryptToken } from '@latchkey/auth-client/jwt';
import type { TokenClaims } from './claims.ts';
import { signCompactJws } from './compact-jws.ts';
import { effectiveIssuedFrom } from './issued-from.ts';
import {
  noEncryption,
  recipientOf,
  scopesIn,
  type TokenEncryption,
  withoutEncrypted,
} from './token-encryption.ts';

export type SigningKey = { readonly kid: string; readonly privateKey: KeyObject };

export type AccessToken = {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** Fewer than the claims had, if some belong to services that want encrypted tokens. */
  readonly scopes: readonly string[];
};

export type AccessTokenIssuerOptions = {
  readonly issuer: string;
  readonly lifetimeSeconds: number;
  /** Returns the current signing key. Called for each token, because the key changes. */
  readonly signer: () => SigningKey;
  /** No token of this client (`client_id`) may have an earlier `iat`; in seconds since the epoch, 0 for none. */
  readonly issuedFromOf?: (clientId: string) => number;
  /** Default: no token is encrypted. */
  readonly encryption?: TokenEncryption;
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
 * Issues access tokens (RFC 9068) as RS256 JWS in compact form. A token for one service that wants it is encrypted to
 * that service's key; a token for several leaves such services out.
 *
 * A token contains no personal data, because anybody can read it: `sub` and `sid` are opaque. Does not check whether
 * the session is alive or the scopes are allowed: the caller has just done so.
 *
 * Rejects with ProblemError 503 `encryption_key_unavailable`. A token that should be encrypted is never issued without.
 *
 * @example
 * const issue = createAccessTokenIssuer({ issuer, lifetimeSeconds: 300, signer: () => keyRing.signer(), clock });
 * const { token } = await issue(personClaims(grant, ['cart:read']));
 */
export function createAccessTokenIssuer(options: AccessTokenIssuerOptions): AccessTokenIssuer {
  const { issuer, lifetimeSeconds, encryption = noEncryption } = options;

  return async (asked, limits = {}) => {
    const claims = withoutEncrypted(asked, encryption);
    const recipient = recipientOf(claims.aud, encryption);
    const key = recipient === undefined ? undefined : await encryption.keyOf(recipient);
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
    const signed = await signCompactJws({ typ: 'at+jwt', payload, signer });
    return {
      token: key === undefined ? signed : await encryptToken(signed, key),
      expiresInSeconds: expiresAt - now,
      scopes: scopesIn(claims),
    };
  };
}
