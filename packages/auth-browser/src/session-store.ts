import type { RenewalFailure } from './renewal-failure.ts';
import { laterOf, type SessionFact, stateOf } from './session-fact.ts';
import type { SessionState } from './session-state.ts';

/** What this tab knows: in its memory, and nowhere else. */
export interface SessionStore {
  /** Undefined: nobody has said yet. */
  fact(): SessionFact | undefined;
  state(): SessionState;
  /** Why there was no new token when one was last asked for; undefined after a success. */
  failure(): RenewalFailure | undefined;
  subscribe(listener: () => void): () => void;
  /** Goes by it from now on, if it is news. */
  take(told: SessionFact): void;
  fail(failure: RenewalFailure): void;
  /** Nothing changes any more, and nobody is called back. */
  close(): void;
}

export function createSessionStore(): SessionStore {
  let fact: SessionFact | undefined;
  let state: SessionState = Object.freeze({ status: 'restoring' });
  let failure: RenewalFailure | undefined;
  let isOpen = true;
  const listeners = new Set<{ readonly listener: () => void }>();

  function notify(): void {
    for (const { listener } of [...listeners]) {
      try {
        listener();
      } catch (error) {
        // Theirs, and no reason to leave the others out: reported as any uncaught error is.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  return {
    fact: () => fact,
    state: () => state,
    failure: () => failure,
    subscribe(listener) {
      const entry = { listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    take(told) {
      const later = laterOf(fact, told);
      if (later === fact || !isOpen) return;
      fact = later;
      failure = undefined;
      const next = stateOf(later);
      if (!isSame(state, next)) state = next;
      notify();
    },
    fail(told) {
      if (!isOpen) return;
      failure = told;
      notify();
    },
    close() {
      isOpen = false;
      listeners.clear();
    },
  };
}

function isSame(one: SessionState, other: SessionState): boolean {
  if (one.status === 'signed_in')
    return other.status === 'signed_in' && one.accessToken === other.accessToken;
  return one.status === 'signed_out' && other.status === 'signed_out' && one.reason === other.reason;
}
