import { useMutation, useQuery } from '@tanstack/react-query';
import { ask } from '../services/ask.ts';
import { useInvalidate, useKey } from '../services/queries.ts';
import { beginVisit } from '../traffic/visit.ts';

/** An account elsewhere with which the person can sign in, as auth-service lists it. */
export type Identity = {
  readonly id: string;
  readonly provider: string;
  readonly display_name: string | null;
  readonly linked_at: string;
};

export type WaysIn = { readonly has_password: boolean; readonly identities: readonly Identity[] };

const path = '/account/identities';

/** How the person who is signed in can sign in. */
export function useWaysIn() {
  return useQuery({
    queryKey: useKey('identities'),
    queryFn: async () => (await ask<WaysIn>('auth-service', path)).body,
  });
}

/** What a change of them needs: the password of who has one. Others must have just signed in. */
export type Proof = { readonly password?: string };

/** Leaves for a provider, to link an account there. Its outcome is in the address to which the person comes back. */
export function useLink(provider: string) {
  return useMutation({
    mutationFn: async (proof: Proof) => {
      const body = { provider, return_to: `${location.origin}/`, ...proof };
      // With a cookie, which binds the link to this browser.
      const options = { method: 'POST', body, credentials: 'include' } as const;
      const { location: url } = (await ask<{ location: string }>('auth-service', path, options)).body;
      beginVisit({ kind: 'link', provider, url });
      location.assign(url);
    },
  });
}

export function useUnlink(id: string) {
  return useChange((body: Proof) => ask<null>('auth-service', `${path}/${id}`, { method: 'DELETE', body }));
}

/** Gives an account that has no password its first one. */
export function useSetPassword() {
  return useChange(({ password: new_password }: Proof) =>
    ask<null>('auth-service', '/account/password', { method: 'PUT', body: { new_password } }),
  );
}

/** A change also ends the person's other sessions, which the demo's list of devices shows. */
function useChange(change: (proof: Proof) => Promise<unknown>) {
  const invalidate = useInvalidate();
  return useMutation({ mutationFn: change, onSettled: () => invalidate('identities', 'demo') });
}
