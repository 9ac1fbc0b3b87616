import { useMutation } from '@tanstack/react-query';
import { session } from '../session/session.ts';
import { type Credentials, register } from './register.ts';

type SignIn = Credentials & {
  /** Makes the account first, and says when it is made. */
  readonly onRegistered?: () => void;
};

/** Signs in, somebody new as well. */
export function useSignIn() {
  return useMutation({
    mutationFn: async ({ onRegistered, ...credentials }: SignIn) => {
      if (onRegistered !== undefined) {
        await register(credentials);
        onRegistered();
      }
      await session.signIn(credentials);
    },
  });
}
