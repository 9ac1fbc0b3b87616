import { session } from './session.ts';

let isOwnEnd = false;

session.subscribe(() => {
  if (session.state().status === 'signed_in') isOwnEnd = false;
});

/** Signs out, here or on all devices. @throws {SessionError} the session goes on */
export async function signOut({ everywhere }: { readonly everywhere: boolean }): Promise<void> {
  isOwnEnd = true;
  try {
    await session.signOut({ everywhere });
  } catch (error) {
    isOwnEnd = false;
    throw error;
  }
}

/** Whether the session that there was ended because somebody signed out on this page, and not in another tab or elsewhere. */
export function wasSignedOutHere(): boolean {
  return isOwnEnd;
}
