import { QueryClient, useQueryClient } from '@tanstack/react-query';
import { useSession } from '../session/use-session.ts';
import { ServiceError } from './service-error.ts';

/**
 * What the page reads and caches for a person; `demo` is what the demo's panels show. The cache is never shared with
 * another person or session.
 */
export type Noun = 'account' | 'consents' | 'identities' | 'cart' | 'wishlist' | 'payments' | 'demo';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // A refusal stays a refusal. A request without an answer is worth a retry.
      retry: (failures, error) => error instanceof ServiceError && error.status === 0 && failures < 1,
      refetchOnWindowFocus: true,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

/** Clears the cache of the person who was signed in. */
export function forgetEverybody(): void {
  const ofNobody: readonly unknown[] = ['demo-people', 'providers'];
  queryClient.removeQueries({ predicate: ({ queryKey: [noun] }) => !ofNobody.includes(noun) });
}

/** The cache key for the person who is signed in. */
export function useKey(noun: Noun): readonly string[] {
  const state = useSession();
  return [noun, state.status === 'signed_in' ? state.sessionId : 'nobody'];
}

/** Reads nouns again after a change. Await it only when the caller needs the new data first. */
export function useInvalidate(): (...nouns: readonly Noun[]) => Promise<void> {
  const client = useQueryClient();
  return async (...nouns) => {
    await Promise.all(nouns.map((noun) => client.invalidateQueries({ queryKey: [noun] })));
  };
}
