import { useMutation, useQuery } from '@tanstack/react-query';
import { ask } from '../services/ask.ts';
import { useInvalidate, useKey } from '../services/queries.ts';
import { isRefusedForGood } from '../services/service-error.ts';

/** What the person allowed an application of somebody else, as auth-service lists it. */
export type Consent = {
  readonly client_id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly granted_at: string;
};

/** Everything that the person who is signed in allowed, the newest first. */
export function useConsents() {
  return useQuery({
    queryKey: useKey('consents'),
    queryFn: async () =>
      (await ask<{ consents: readonly Consent[] }>('auth-service', '/account/consents')).body.consents,
  });
}

/** Withdraws everything that the person allowed an application. */
export function useWithdraw() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: (clientId: string) =>
      ask<null>('auth-service', `/account/consents/${encodeURIComponent(clientId)}`, { method: 'DELETE' }),
    onSettled: async (_done, error) => {
      // The consent may be gone and its sessions not. The application stays in the list, to withdraw it again.
      if (error !== null && !isRefusedForGood(error)) return;
      // Its sessions have ended, which the demo's list of devices shows.
      void invalidate('demo');
      // Awaited, because until then the list has the application.
      await invalidate('consents');
    },
  });
}
