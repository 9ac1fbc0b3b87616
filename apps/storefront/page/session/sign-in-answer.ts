import { session } from './session.ts';

let fault: unknown = null;

session.subscribe(() => {
  if (session.state().status === 'signed_in') fault = null;
});

/** Completes the sign-in at auth-service's page that led here, if one did. Never throws: see signInFault. */
export async function completeSignIn(): Promise<void> {
  try {
    await session.completeSignIn();
  } catch (error) {
    fault = error;
  }
}

/** Why that sign-in failed; null when it did not, or somebody has signed in since. */
export function signInFault(): unknown {
  return fault;
}
