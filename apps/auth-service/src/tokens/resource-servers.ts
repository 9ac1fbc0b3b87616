/**
 * The services that accept our access tokens, and the scopes that each of them understands.
 *
 * An access token is for the services whose scopes it carries, and for auth-service, where everybody may see their own
 * account and devices. So a token with fewer scopes is good at fewer places.
 */
export const RESOURCE_SERVERS = [
  { audience: 'cart-service', scopes: ['cart:read', 'cart:write'] },
  { audience: 'wishlist-service', scopes: ['wishlist:read', 'wishlist:write'] },
  { audience: 'payment-service', scopes: ['payment:read', 'payment:write', 'payment:refund'] },
  { audience: 'auth-service', scopes: ['accounts:manage', 'keys:manage'] },
] as const;

export type Scope = (typeof RESOURCE_SERVERS)[number]['scopes'][number];

/** All scopes, in the order in which tokens list them. */
export const SCOPES: readonly Scope[] = RESOURCE_SERVERS.flatMap((server) => server.scopes);

/** The `aud` of a token with these scopes (RFC 9068 §2.2.3). */
export function audienceOf(scopes: readonly string[]): string[] {
  return RESOURCE_SERVERS.filter(
    (server) =>
      server.audience === 'auth-service' || server.scopes.some((scope: Scope) => scopes.includes(scope)),
  ).map((server) => server.audience);
}
