import type { Service } from '@latchkey/service-kit';
import type { Database } from '../database/schema.ts';
import type { Records } from '../redis/records.ts';
import { createFederation } from './federation.ts';
import { createIdentities, type IdentitiesParts } from './identities.ts';
import { type IdentityRoutesOptions, identityRoutes } from './identity-routes.ts';
import { createIdentityStore } from './identity-store.ts';
import type { Provider } from './provider.ts';
import { type ProviderLogoutRouteOptions, providerLogoutRoute } from './provider-logout-route.ts';
import { providersRoute } from './providers-route.ts';
import { createUpstreamStates } from './upstream-states.ts';

/** What signing in elsewhere is made of. upstream-routes.ts is registered with the authorization pages, which it serves. */
export function createElsewhere(
  options: Pick<IdentitiesParts, 'accounts' | 'sessions' | 'audit'> & {
    readonly issuer: string;
    readonly providers: readonly Provider[];
    readonly db: Database;
    readonly records: Records;
    /** Milliseconds since the epoch. */
    readonly clock: () => number;
  },
) {
  const federation = createFederation(options);
  const identities = createIdentities({ ...options, federation, store: createIdentityStore(options) });
  return { federation, identities, states: createUpstreamStates(options) };
}

/** The list of providers, a person's accounts there, and where a provider says that somebody has signed out. */
export async function elsewhereRoutes(
  app: Service,
  options: IdentityRoutesOptions & ProviderLogoutRouteOptions,
): Promise<void> {
  await app.register(providersRoute, options);
  await app.register(identityRoutes, options);
  await app.register(providerLogoutRoute, options);
}
