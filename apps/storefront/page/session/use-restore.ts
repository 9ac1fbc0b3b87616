import { useQuery } from '@tanstack/react-query';
import { session } from './session.ts';
import { useSession } from './use-session.ts';

const retryMs = 3000;

/**
 * Finds out, when the page opens, whether somebody is signed in here. While auth-service cannot say, `error` is why, and it
 * is asked again.
 */
export function useRestore() {
  return useQuery({
    queryKey: ['restore'],
    // No more than that: tokens do not belong among what was read.
    queryFn: async () => (await session.restore()).status,
    enabled: useSession().status === 'restoring',
    retry: false,
    refetchInterval: ({ state }) => (state.status === 'error' ? retryMs : false),
  });
}
