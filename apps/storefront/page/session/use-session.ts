import type { SessionState } from '@latchkey/auth-browser';
import { useSyncExternalStore } from 'react';
import { session } from './session.ts';

/** The state of the session; whoever uses it is drawn again when it changes, in this tab or in another. */
export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.state);
}

/** True when the person who is signed in may do this. Only the services decide; this is for what is worth showing. */
export function useScope(scope: string): boolean {
  const state = useSession();
  return state.status === 'signed_in' && state.scopes.includes(scope);
}
