import { useQuery } from '@tanstack/react-query';
import type { DemoPeople } from '../../src/demo/api.ts';
import { config } from '../config.ts';
import { ask } from '../services/ask.ts';
import { useKey } from '../services/queries.ts';
import { errorFrom } from '../services/service-error.ts';
import { useSession } from '../session/use-session.ts';

/** Accounts to try the demo with; none outside the demo. */
export function useDemoPeople() {
  return useQuery({
    queryKey: ['demo-people'],
    queryFn: async () => {
      const response = await fetch('/demo/people');
      if (!response.ok) throw await errorFrom('auth-service', response);
      const { people }: DemoPeople = await response.json();
      return people;
    },
    enabled: config.demo,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export type OwnAccount = { readonly username: string; readonly roles: readonly string[] };

/** The account of the person who is signed in. The token has only an opaque id. */
export function useAccount() {
  const signedIn = useSession().status === 'signed_in';
  return useQuery({
    queryKey: useKey('account'),
    queryFn: async () => (await ask<OwnAccount>('auth-service', '/account')).body,
    enabled: signedIn,
  });
}
