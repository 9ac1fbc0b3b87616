import { session } from './session.ts';

let isOwnEnd = false;

session.subscribe(() => {
  if (session.state().status === 'signed_in') isOwnEnd = false;
});

/** Signs out, here or on all devices. @throws {SessionError} the session goes on */
export function signOut({ everywhere }: { readonly everywhere: boolean }): Promise<void> {
  return asOwnEnd(() => session.signOut({ everywhere }));
}

/** Runs an `end` by which the person on this page ends the session. @throws what `end` throws: the session goes on */
export async function asOwnEnd<Result>(end: () => Promise<Result>): Promise<Result> {
  isOwnEnd = true;
  try {
    return await end();
  } catch (error) {
    isOwnEnd = false;
    throw error;
  }
}

/** Whether the last session ended by a sign-out on this page, and not in another tab or elsewhere. */
export function wasSignedOutHere(): boolean {
  return isOwnEnd;
}
