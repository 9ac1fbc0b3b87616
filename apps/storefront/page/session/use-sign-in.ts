import { useMutation } from '@tanstack/react-query';
import { type Credentials, register } from './register.ts';
import { session } from './session.ts';

/** Signs in, and with `isNew` makes the account first. */
export function useSignIn() {
  return useMutation({
    mutationFn: async ({ isNew = false, ...credentials }: Credentials & { readonly isNew?: boolean }) => {
      if (isNew) await register(credentials);
      await session.signIn(credentials);
    },
  });
}
