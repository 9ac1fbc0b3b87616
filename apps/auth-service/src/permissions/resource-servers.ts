import { knownServices, type Scope } from '@latchkey/services';

type ResourceServer = {
  readonly audience: string;
  /** Granted to people, by their roles. */
  readonly scopes: readonly Scope[];
  /** Granted to services that act for a person, never to a person: see permissions/delegation-policy.ts. */
  readonly actorScopes: readonly string[];
  /** Granted to services in their own name; some of them to people too. */
  readonly serviceScopes: readonly string[];
};

/**
 * The services that accept our access tokens, and the scopes that each of them understands.
 *
 * The audience of a person's access token is the services whose scopes it carries, and auth-service, where everybody
 * may see their own account and devices. So a token with fewer scopes is valid at fewer services.
 */
export const resourceServers: readonly ResourceServer[] = knownServices.map(
  ({ name, scopes, actorScopes, serviceScopes }) => ({
    audience: name,
    scopes: Object.keys(scopes) as Scope[],
    actorScopes,
    serviceScopes,
  }),
);

/** All scopes that people can have, in the order in which tokens list them. */
export const personScopes: readonly Scope[] = resourceServers.flatMap((server) => server.scopes);

/** SCOPES, and the scopes that only services can have. */
export const allScopes: readonly string[] = [...new Set(resourceServers.flatMap(scopesOfServer))];

/** All services that a token can be for. */
export const audiences: readonly string[] = resourceServers.map(({ audience }) => audience);

/** The `aud` of a person's token with these scopes (RFC 9068 §2.2.3). */
export function audienceOf(scopes: readonly string[]): string[] {
  return resourceServers
    .filter(
      (server) => server.audience === 'auth-service' || server.scopes.some((scope) => scopes.includes(scope)),
    )
    .map((server) => server.audience);
}

/** The `aud` of a service's own token with these scopes: the services that understand them. */
export function audienceOfServiceScopes(scopes: readonly string[]): string[] {
  return resourceServers
    .filter((server) => scopesOfServer(server).some((scope) => scopes.includes(scope)))
    .map((server) => server.audience);
}

function scopesOfServer({ scopes, actorScopes, serviceScopes }: ResourceServer): readonly string[] {
  return [...scopes, ...actorScopes, ...serviceScopes];
}
