import type { RenewalFailure } from './renewal-failure.ts';
import { laterOf, type SessionFact, stateOf } from './session-fact.ts';
import type { SessionState } from './session-state.ts';

/** This tab's knowledge of the session, in memory only. */
export type SessionStore = {
  /** Undefined: not known yet. */
  fact(): SessionFact | undefined;
  state(): SessionState;
  /** Why the last renewal failed; undefined after a success. */
  failure(): RenewalFailure | undefined;
  subscribe(listener: () => void): () => void;
  /** Adopts the fact if it is later than the known one. */
  take(incoming: SessionFact): void;
  fail(failure: RenewalFailure): void;
  /** Stops all changes and callbacks. */
  close(): void;
};

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
        // An error in one listener must not stop the others. It is reported as an uncaught error.
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
    take(incoming) {
      const later = laterOf(fact, incoming);
      if (later === fact || !isOpen) return;
      fact = later;
      failure = undefined;
      const next = stateOf(later);
      if (!isSame(state, next)) state = next;
      notify();
    },
    fail(incoming) {
      if (!isOpen) return;
      failure = incoming;
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
