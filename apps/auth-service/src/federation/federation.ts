import type { Provider } from './provider.ts';
import { createProviderClient, type ProviderClient } from './provider-client.ts';

export type Federated = { readonly provider: Provider; readonly client: ProviderClient };

export type Federation = ReturnType<typeof createFederation>;

/** The providers of this system, each with what speaks to it. */
export function createFederation(options: {
  readonly issuer: string;
  readonly providers: readonly Provider[];
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}) {
  const { issuer, providers, clock } = options;
  const redirectUriOf = (id: string) => `${issuer}/providers/${id}/callback`;
  const byId = new Map<string, Federated>(
    providers.map((provider) => {
      const redirectUri = redirectUriOf(provider.id);
      return [provider.id, { provider, client: createProviderClient(provider, { redirectUri, clock }) }];
    }),
  );
  return {
    providers,
    redirectUriOf,
    find: (id: string): Federated | undefined => byId.get(id),
    /** Where a person begins to sign in at a provider, for a request whose pages are shown. */
    entranceOf: (id: string, requestId: string): string =>
      `${issuer}/providers/${id}/sign-in?${new URLSearchParams({ request: requestId })}`,
  };
}
