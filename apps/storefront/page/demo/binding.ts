import { preferences } from '../preferences.ts';
import { session } from '../session/session.ts';
import { signOut } from '../session/sign-out.ts';

// The tabs of a browser share one session, so a tab without the new choice could not use it.
addEventListener('storage', ({ key }) => {
  if (key === 'latchkey.binding') location.reload();
});

/** Whether the next session will be bound to a key of this browser. */
export const isBindingChosen = preferences.read('binding') === 'required';

/**
 * Keeps the choice whether sessions are bound to a key, ends the session, and loads the page again in all tabs.
 *
 * @throws {SessionError} nothing has changed
 */
export async function chooseBinding(isChosen: boolean): Promise<void> {
  if (session.state().status === 'signed_in') await signOut({ everywhere: false });
  preferences.write('binding', isChosen ? 'required' : null);
  location.reload();
}
