import type { Platform } from './platform.ts';
import { parseFailure, type RenewalFailure } from './renewal-failure.ts';
import { parseFact, type SessionFact } from './session-fact.ts';
import type { SessionStore } from './session-store.ts';

/** How long other tabs have to answer: one in the background does in some milliseconds, a frozen one never. */
const ANSWER_WAIT_MS = 100;

/** What the tabs of one issuer and client tell each other (BroadcastChannel: pages of this origin alone can hear it). */
export interface TabChannel {
  tell(fact: SessionFact): void;
  tellFailure(failure: RenewalFailure): void;
  /** Asks the other tabs what is the case. Resolves once that brought news, or nobody has answered in time. */
  ask(): Promise<void>;
  close(): void;
}

type Message =
  | { readonly type: 'ask' }
  | { readonly type: 'fact'; readonly fact: SessionFact }
  | { readonly type: 'failure'; readonly failure: RenewalFailure };

export interface TabChannelOptions {
  readonly name: string;
  readonly platform: Platform;
  readonly store: SessionStore;
}

/** What is heard goes into the store. Where there are no channels, nobody is told and nobody answers. */
export function openTabChannel({ name, platform, store }: TabChannelOptions): TabChannel {
  const channel = platform.openChannel(name);
  let isOpen = channel !== undefined;
  channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isOpen) hear(data);
  });

  function post(message: Message): void {
    if (isOpen) channel?.postMessage(message);
  }

  function hear(data: unknown): void {
    if (typeof data !== 'object' || data === null) return;
    const { type, fact, failure } = data as Record<string, unknown>;
    if (type === 'ask') answer();
    if (type === 'fact') hearFact(parseFact(fact));
    if (type === 'failure') hearFailure(parseFailure(failure));
  }

  function answer(): void {
    const fact = store.fact();
    if (fact === undefined) return;
    const isOver = fact.kind === 'signed_in' && fact.expiresAtMs <= platform.now();
    if (!isOver) post({ type: 'fact', fact });
  }

  function hearFact(told: SessionFact | undefined): void {
    if (told === undefined) return;
    // That another tab is signed out may be old: one that was asleep. Who knows nothing asks auth-service.
    if (told.kind === 'signed_out' && store.fact() === undefined) return;
    store.take(told);
  }

  function hearFailure(told: RenewalFailure | undefined): void {
    // The version of a fact is a time: what had failed before has come right since.
    if (told !== undefined && told.atMs >= (store.fact()?.version ?? 0)) store.fail(told);
  }

  return {
    tell: (fact) => post({ type: 'fact', fact }),
    tellFailure: (failure) => post({ type: 'failure', failure }),
    async ask() {
      if (!isOpen) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const unsubscribe = store.subscribe(resolve);
      const cancel = platform.setTimer(resolve, ANSWER_WAIT_MS);
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
