import { useQuery } from '@tanstack/react-query';
import { session } from './session.ts';
import { useSession } from './use-session.ts';

const retryMs = 3000;

/**
 * Finds out, when the page opens, whether somebody is signed in here. While auth-service cannot say, `error` is why, and it
 * is asked again.
 */
export function useRestore(): { readonly error: unknown; readonly retry: () => void } {
  const { data, refetch } = useQuery({
    queryKey: ['restore'],
    // A query that fails forgets why as soon as it is asked again: what is said would come and go.
    queryFn: () =>
      session.restore().then(
        () => ({ error: null }),
        (error: unknown) => ({ error }),
      ),
    enabled: useSession().status === 'restoring',
    refetchInterval: ({ state }) => (state.data?.error == null ? false : retryMs),
  });
  return { error: data?.error ?? null, retry: () => void refetch() };
}
