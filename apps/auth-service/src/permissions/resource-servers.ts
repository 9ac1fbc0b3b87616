import { knownServices, type Scope } from '@latchkey/services';
import { identityScopes } from './scope.ts';

type ResourceServer = {
  readonly audience: string;
  /** Granted to people, by their roles. */
  readonly scopes: readonly Scope[];
  /** Granted to services that act for a person, never to a person: see permissions/delegation-policy.ts. */
  readonly actorScopes: readonly string[];
  /** Granted to services in their own name; some of them to people too. */
  readonly serviceScopes: readonly string[];
  /** Of other services: what it may pass on when it acts for a person whose token has them. */
  readonly passesOn: readonly string[];
};

/**
 * The services that accept our access tokens, and the scopes that each of them understands.
 *
 * The audience of a person's access token is the services whose scopes it carries, and auth-service, where everybody
 * may see their own account and devices. So a token with fewer scopes is valid at fewer services.
 */
export const resourceServers: readonly ResourceServer[] = knownServices.map(
  ({ name, scopes, actorScopes, serviceScopes, calls }) => ({
    audience: name,
    scopes: Object.keys(scopes) as Scope[],
    actorScopes,
    serviceScopes,
    passesOn: Object.values(calls).flatMap((delegation) => delegation.scopes),
  }),
);

/** All scopes that people can have, in the order in which tokens list them. */
export const personScopes: readonly Scope[] = resourceServers.flatMap((server) => server.scopes);

/** SCOPES, and the scopes that only services can have. */
export const allScopes: readonly string[] = [...new Set(resourceServers.flatMap(scopesOfServer))];

/** What an application of others can ask for: never a scope of auth-service, which runs the whole shop. */
export const applicationScopes: readonly string[] = [
  ...identityScopes,
  ...resourceServers.filter(({ audience }) => audience !== 'auth-service').flatMap(({ scopes }) => scopes),
];

/** The audience of tokens that are for the UserInfo endpoint and for nothing else at auth-service. */
export const userInfoAudience = 'userinfo';

/** All services that a token can be for. */
export const audiences: readonly string[] = resourceServers.map(({ audience }) => audience);

/** The `aud` of a person's token with these scopes (RFC 9068 §2.2.3). */
export function audienceOf(scopes: readonly string[]): string[] {
  const services = resourceServers
    .filter(
      (server) => server.audience === 'auth-service' || server.scopes.some((scope) => scopes.includes(scope)),
    )
    .map((server) => server.audience);
  return scopes.includes('openid') ? [...services, userInfoAudience] : services;
}

/**
 * The `aud` of a person's token that an application of others uses: never auth-service, where people manage their
 * account and devices. A token without any scope is for the UserInfo endpoint, which then refuses it.
 */
export function audienceOfApplication(scopes: readonly string[]): string[] {
  const audiences = audienceOf(scopes).filter((audience) => audience !== 'auth-service');
  return audiences.length === 0 ? [userInfoAudience] : audiences;
}

/** The `aud` of a service's own token with these scopes: the services that understand them. */
export function audienceOfServiceScopes(scopes: readonly string[]): string[] {
  return resourceServers
    .filter((server) => scopesOfServer(server).some((scope) => scopes.includes(scope)))
    .map((server) => server.audience);
}

/** Those of a person's scopes that mean something to one of these services: it understands them or may pass them on. */
export function scopesWithMeaning(scopes: readonly string[], audience: readonly string[]): readonly string[] {
  const meant = new Set<string>(audience.includes(userInfoAudience) ? identityScopes : []);
  for (const server of resourceServers.filter((one) => audience.includes(one.audience)))
    for (const scope of [...scopesOfServer(server), ...server.passesOn]) meant.add(scope);
  return scopes.filter((scope) => meant.has(scope));
}

function scopesOfServer({ scopes, actorScopes, serviceScopes }: ResourceServer): readonly string[] {
  return [...scopes, ...actorScopes, ...serviceScopes];
}
