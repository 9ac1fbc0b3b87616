import { useQuery } from '@tanstack/react-query';
import { session } from './session.ts';
import { completeSignIn } from './sign-in-answer.ts';
import { useSession } from './use-session.ts';

const retryMs = 3000;

/**
 * Finds out whether somebody is signed in when the page opens. While auth-service does not answer, `error` says why,
 * and the page retries.
 */
export function useRestore(): { readonly error: unknown; readonly retry: () => void } {
  const { data, refetch } = useQuery({
    queryKey: ['restore'],
    // A query clears its error when it retries, so the message would flicker.
    queryFn: () =>
      completeSignIn()
        .then(session.restore)
        .then(
          () => ({ error: null }),
          (error: unknown) => ({ error }),
        ),
    enabled: useSession().status === 'restoring',
    refetchInterval: ({ state }) => (state.data?.error == null ? false : retryMs),
  });
  return { error: data?.error ?? null, retry: () => void refetch() };
}
