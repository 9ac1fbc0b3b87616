import { useQuery } from '@tanstack/react-query';
import { config } from '../config.ts';
import type { Language } from '../i18n/language.ts';
import { errorFrom } from '../services/service-error.ts';

/** Where people can sign in with an account elsewhere, as auth-service lists it. */
export type Provider = {
  readonly id: string;
  readonly name: string;
  /** What its button says. */
  readonly labels: Readonly<Record<Language, string>>;
  readonly look: string;
  /** Whether it can prove that somebody is there just now. */
  readonly can_reauthenticate: boolean;
};

/**
 * The providers; none until they are known. Anybody may ask, and the browser keeps the answer for a minute. So it is no
 * part of the traffic that the page records.
 */
export function useProviders(): readonly Provider[] {
  const { data = [] } = useQuery({
    queryKey: ['providers'],
    queryFn: async () => {
      const response = await fetch(`${config.issuer}/providers`);
      if (!response.ok) throw await errorFrom('auth-service', response);
      return ((await response.json()) as { providers: readonly Provider[] }).providers;
    },
    staleTime: 60_000,
  });
  return data;
}

/** A provider's own name; its id where auth-service does not know it any more. */
export function useProviderName(): (id: string) => string {
  const providers = useProviders();
  return (id) => providers.find((provider) => provider.id === id)?.name ?? id;
}
