import { QueryClient, useQueryClient } from '@tanstack/react-query';
import { useSession } from '../session/use-session.ts';
import { ServiceError } from './service-error.ts';

/** What the page has read of somebody, by noun. Another person, or another session, never sees it. */
export type Noun = 'account' | 'cart' | 'wishlist' | 'payments';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // A refusal stays one when it is asked again; no answer may be a moment's.
      retry: (failures, error) => error instanceof ServiceError && error.status === 0 && failures < 1,
      refetchOnWindowFocus: true,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

/** Forgets what was read of whoever was signed in. */
export function forgetEverybody(): void {
  queryClient.removeQueries({ predicate: ({ queryKey: [noun] }) => noun !== 'demo-people' });
}

/** The key of what was read of the person who is signed in. */
export function useKey(noun: Noun): readonly string[] {
  const state = useSession();
  return [noun, state.status === 'signed_in' ? state.sessionId : 'nobody'];
}

/** Reads nouns anew, after something has changed them. Only who must not go on before waits for it. */
export function useInvalidate(): (...nouns: readonly Noun[]) => Promise<void> {
  const client = useQueryClient();
  return async (...nouns) => {
    await Promise.all(nouns.map((noun) => client.invalidateQueries({ queryKey: [noun] })));
  };
}
