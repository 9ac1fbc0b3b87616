import type { SessionState } from '@latchkey/auth-browser';
import { useSyncExternalStore } from 'react';
import { session } from './session.ts';

/** The state of the session. A component that uses it renders again when it changes, in this tab or another. */
export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.state);
}

/** Whether the current session is bound to a key of this browser. */
export function useIsBound(): boolean {
  const state = useSession();
  return state.status === 'signed_in' && state.isBound;
}

/**
 * Whether the current token has this scope. It decides only what the page shows: the services decide what is allowed.
 */
export function useScope(scope: string): boolean {
  const state = useSession();
  return state.status === 'signed_in' && state.scopes.includes(scope);
}
