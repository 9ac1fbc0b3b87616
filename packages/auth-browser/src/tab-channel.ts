import type { Platform } from './platform.ts';
import { parseFailure, type RenewalFailure } from './renewal-failure.ts';
import { parseFact, type SessionFact } from './session-fact.ts';
import type { SessionStore } from './session-store.ts';

/** How long to wait for other tabs: a background tab answers in some milliseconds, a frozen one never. */
export const answerWaitMs = 100;

/** How long to wait for news that another tab has sent. On a busy machine a message takes longer than a released lock. */
export const newsWaitMs = 900;

/** Messages between the tabs of one issuer and client (BroadcastChannel: only pages of this origin receive them). */
export type TabChannel = {
  tell(fact: SessionFact): void;
  tellFailure(failure: RenewalFailure): void;
  /** Asks the other tabs for the session. Resolves after news, or when none has come for `waitMs`. */
  ask(waitMs?: number): Promise<void>;
  close(): void;
};

type Message =
  | { readonly type: 'ask' }
  | { readonly type: 'fact'; readonly fact: SessionFact }
  | { readonly type: 'failure'; readonly failure: RenewalFailure };

export type TabChannelOptions = {
  readonly name: string;
  readonly platform: Platform;
  readonly store: SessionStore;
};

/** Puts received messages into the store. Without BroadcastChannel nothing is sent or received. */
export function openTabChannel({ name, platform, store }: TabChannelOptions): TabChannel {
  const channel = platform.openChannel(name);
  let isOpen = channel !== undefined;
  channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isOpen) receive(data);
  });

  function post(message: Message): void {
    if (isOpen) channel?.postMessage(message);
  }

  function receive(data: unknown): void {
    if (typeof data !== 'object' || data === null) return;
    const { type, fact, failure } = data as Record<string, unknown>;
    if (type === 'ask') answer();
    if (type === 'fact') applyFact(parseFact(fact));
    if (type === 'failure') applyFailure(parseFailure(failure));
  }

  function answer(): void {
    const fact = store.fact();
    if (fact === undefined) return;
    const isOver = fact.kind === 'signed_in' && fact.expiresAtMs <= platform.now();
    if (!isOver) post({ type: 'fact', fact });
  }

  function applyFact(incoming: SessionFact | undefined): void {
    if (incoming === undefined) return;
    // A tab that was asleep may report an old sign-out. If we know nothing, ask auth-service instead.
    if (incoming.kind === 'signed_out' && store.fact() === undefined) return;
    store.take(incoming);
  }

  function applyFailure(incoming: RenewalFailure | undefined): void {
    // The version of a fact is a time, so an older failure has been overcome.
    if (incoming !== undefined && incoming.atMs >= (store.fact()?.version ?? 0)) store.fail(incoming);
  }

  return {
    tell: (fact) => post({ type: 'fact', fact }),
    tellFailure: (failure) => post({ type: 'failure', failure }),
    async ask(waitMs = answerWaitMs) {
      if (!isOpen) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const unsubscribe = store.subscribe(resolve);
      const cancel = platform.setTimer(resolve, waitMs);
      post({ type: 'ask' });
      await promise;
      cancel();
      unsubscribe();
    },
    close() {
      isOpen = false;
      channel?.close();
    },
  };
}
