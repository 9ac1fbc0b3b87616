type ResourceServer = {
  readonly audience: string;
  /** Granted to people, by their roles. */
  readonly scopes: readonly string[];
  /** Granted to services that act for a person; never to a person: see clients/delegation-policy.ts. */
  readonly actorScopes?: readonly string[];
  /** Granted to services in their own name. */
  readonly serviceScopes?: readonly string[];
};

/**
 * The services that accept our access tokens, and the scopes that each of them understands.
 *
 * A person's access token is for the services whose scopes it carries, and for auth-service, where everybody may see
 * their own account and devices. So a token with fewer scopes is good at fewer places.
 */
export const RESOURCE_SERVERS: readonly ResourceServer[] = [
  {
    audience: 'auth-service',
    scopes: ['accounts:manage', 'keys:manage'],
    serviceScopes: ['revocations:read'],
  },
  { audience: 'cart-service', scopes: ['cart:read', 'cart:write'], actorScopes: ['cart:checkout'] },
  { audience: 'wishlist-service', scopes: ['wishlist:read', 'wishlist:write'] },
  { audience: 'payment-service', scopes: ['payment:read', 'payment:write', 'payment:refund'] },
];

export const SCOPES: readonly string[] = RESOURCE_SERVERS.flatMap(scopesOfServer);

/** The `aud` of a person's token with these scopes (RFC 9068 §2.2.3). */
export function audienceOf(scopes: readonly string[]): string[] {
  return RESOURCE_SERVERS.filter(
    (server) => server.audience === 'auth-service' || server.scopes.some((scope) => scopes.includes(scope)),
  ).map((server) => server.audience);
}

/** The `aud` of a service's own token with these scopes: where they mean something, and nowhere else. */
export function audienceOfServiceScopes(scopes: readonly string[]): string[] {
  return RESOURCE_SERVERS.filter((server) =>
    scopesOfServer(server).some((scope) => scopes.includes(scope)),
  ).map((server) => server.audience);
}

function scopesOfServer({ scopes, actorScopes = [], serviceScopes = [] }: ResourceServer): readonly string[] {
  return [...scopes, ...actorScopes, ...serviceScopes];
}
