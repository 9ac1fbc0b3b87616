import { useMutation } from '@tanstack/react-query';
import { session } from '../session/session.ts';
import { type Credentials, register } from './register.ts';

type SignIn = Credentials & {
  /** When set, creates the account first, and calls this when it exists. */
  readonly onRegistered?: () => void;
};

/** Signs in; on request it registers the account first. */
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
