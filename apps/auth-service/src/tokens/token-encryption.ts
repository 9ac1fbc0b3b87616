import type { EncryptionJwk } from '@latchkey/auth-client/jwt';
import { scopesWithMeaning, userInfoAudience } from '../permissions/resource-servers.ts';
import type { TokenClaims } from './claims.ts';

/** Which services want their access tokens encrypted, and to which key. */
export type TokenEncryption = {
  wantedBy(audience: string): boolean;
  /** The key of a service that wants it. Rejects with ProblemError 503 when it cannot be had. */
  keyOf(audience: string): Promise<EncryptionJwk>;
};

/** For a system in which no service wants it. */
export const noEncryption: TokenEncryption = {
  wantedBy: () => false,
  keyOf: () => Promise.reject(new TypeError('No service wants encrypted tokens.')),
};

/** The service to whose key a token with this audience is encrypted; undefined when it is not. */
export function recipientOf(audience: readonly string[], encryption: TokenEncryption): string | undefined {
  const [only] = audience;
  return audience.length === 1 && only !== undefined && encryption.wantedBy(only) ? only : undefined;
}

/**
 * The claims without the services that want encrypted tokens, unless the token is for one such service alone. A token can
 * be encrypted to one service only, and none of these may get a token that others can read. Scopes that mean nothing to
 * the others are left out, too (RFC 9068 §2.2.3).
 */
export function withoutEncrypted(claims: TokenClaims, encryption: TokenEncryption): TokenClaims {
  if (claims.aud.length === 1 || !claims.aud.some(encryption.wantedBy)) return claims;
  const left = claims.aud.filter((audience) => !encryption.wantedBy(audience));
  const aud = left.length === 0 ? [userInfoAudience] : left;
  const scopes = scopesWithMeaning(scopesIn(claims), aud);
  const { scope: _, ...others } = claims;
  return { ...others, aud, ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }) };
}

export function scopesIn({ scope }: TokenClaims): readonly string[] {
  return scope === undefined ? [] : scope.split(' ');
}
