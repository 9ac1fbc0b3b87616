import { closed } from './errors.ts';
import type { Platform } from './platform.ts';

/**
 * Runs a task when no other task runs in any tab. `waited` says that another task ran first, so its result may be on
 * its way to this tab.
 *
 * A frozen tab (a dialog, a breakpoint, a suspended page) would block all others, so its lock is stolen after
 * `patienceMs`. Its own task then runs in parallel when it resumes.
 *
 * @throws {SessionError} `closed`; and what the task throws
 */
export type RefreshLock = <Result>(
  task: (waited: boolean) => Promise<Result>,
  patienceMs?: number,
) => Promise<Result>;

export type RefreshLockOptions = {
  readonly name: string;
  readonly platform: Pick<Platform, 'locks' | 'setTimer'>;
  /** Once it is aborted, no task begins. */
  readonly signal: AbortSignal;
};

/**
 * Longer than a refresh, whose timeout is 5 s, so that a running tab never loses the lock. Well within the 10 s for
 * which auth-service answers the same cookie again.
 */
const lockPatienceMs = 6_000;

/** Taking the lock over takes a moment. A tab that needs longer stands still as well. */
const takeOverPatienceMs = 1_000;

/** A sign-out need not wait for a slow refresh: whichever comes first, the new token ends with the session. */
export const signOutPatienceMs = 1_000;

/**
 * A Web Lock; the browser releases it when its tab is closed or crashes. Where Web Locks are missing or refused, a lock
 * within this tab.
 */
export function createRefreshLock({ name, platform, signal }: RefreshLockOptions): RefreshLock {
  const { locks } = platform;
  const alone = lockOfThisTab();
  const inTurn = locks === undefined ? alone : webLock({ name, locks, platform, signal });
  return async (task, patienceMs) => {
    if (signal.aborted) throw closed();
    let hasBegun = false;
    const begin: typeof task = (waited) => {
      if (signal.aborted) throw closed();
      hasBegun = true;
      return task(waited);
    };
    try {
      return await inTurn(begin, patienceMs);
    } catch (error) {
      // Closed while it waited for the lock.
      if (error === signal.reason) throw closed();
      if (hasBegun || !isRefused(error)) throw error;
      return await alone(begin);
    }
  };
}

/** A browser that stores nothing for this page refuses locks too. */
function isRefused(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'SecurityError';
}

type Held<Result> = { readonly result: Result } | undefined;

interface WebLockOptions extends RefreshLockOptions {
  readonly locks: NonNullable<Platform['locks']>;
}

function webLock({ name, locks, platform, signal }: WebLockOptions): RefreshLock {
  /** Undefined: the lock was not available. Waits for the task to end, even if another tab steals the lock. */
  async function hold<Result>(options: LockOptions, task: () => Promise<Result>): Promise<Held<Result>> {
    let running: Promise<Result> | undefined;
    try {
      await locks.request(name, options, (lock) => {
        if (lock !== null) running = task();
        return running;
      });
    } catch (error) {
      if (running === undefined) throw error;
    }
    return running && { result: await running };
  }

  async function holder(): Promise<string | undefined> {
    // Rejects in a page that is being unloaded.
    const { held = [] } = await locks.query().catch((): LockManagerSnapshot => ({}));
    return held.find((lock) => lock.name === name)?.clientId;
  }

  /** Calls back once one tab has held the lock for `patienceMs`. Returns a function that stops the watch. */
  function watch(patienceMs: number, standsStill: (tab: string) => void): () => void {
    let cancel = (): void => {};
    let isOver = false;
    async function look(before?: string): Promise<void> {
      const now = await holder();
      if (isOver) return;
      if (now !== undefined && now === before) standsStill(now);
      else cancel = platform.setTimer(() => void look(now), patienceMs);
    }
    void look();
    return () => {
      isOver = true;
      cancel();
    };
  }

  /** Ends a wait: by its own `abort`, and when the session is closed. */
  function startWaiting(): { readonly waiting: AbortController; readonly stopWaiting: () => void } {
    signal.throwIfAborted();
    const waiting = new AbortController();
    const close = () => waiting.abort(signal.reason);
    signal.addEventListener('abort', close);
    return { waiting, stopWaiting: () => signal.removeEventListener('abort', close) };
  }

  /** Undefined: the frozen tab no longer holds the lock. */
  async function takeOver<Result>(from: string, task: () => Promise<Result>): Promise<Held<Result>> {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    let running: Promise<Held<Result>> | undefined;
    async function steal(): Promise<void> {
      if ((await holder()) !== from || signal.aborted) return;
      running = hold({ steal: true }, () => {
        begin();
        return task();
      });
      await Promise.race([begun, running]);
    }
    const { waiting, stopWaiting } = startWaiting();
    const cancel = platform.setTimer(() => waiting.abort(), takeOverPatienceMs);
    try {
      // Serialized: otherwise tabs whose patience ends together would steal the lock from each other.
      await locks.request(`${name} taken over`, { signal: waiting.signal }, steal);
    } catch (error) {
      if (signal.aborted || error !== waiting.signal.reason) throw error;
      await steal();
    } finally {
      cancel();
      stopWaiting();
    }
    return running;
  }

  async function wait<Result>(task: () => Promise<Result>, patienceMs: number): Promise<Held<Result>> {
    const { waiting, stopWaiting } = startWaiting();
    let standing: string | undefined;
    const stop = watch(patienceMs, (tab) => {
      standing = tab;
      waiting.abort();
    });
    try {
      return await hold({ signal: waiting.signal }, () => {
        stop();
        return task();
      });
    } catch (error) {
      if (standing === undefined || error !== waiting.signal.reason) throw error;
      return await takeOver(standing, task);
    } finally {
      stop();
      stopWaiting();
    }
  }

  return async (task, patienceMs = lockPatienceMs) => {
    let held = await hold({ ifAvailable: true }, () => task(false));
    while (held === undefined) held = await wait(() => task(true), patienceMs);
    return held.result;
  };
}

function lockOfThisTab(): RefreshLock {
  let last: Promise<unknown> = Promise.resolve();
  let running = 0;
  return async (task) => {
    const waited = running > 0;
    running += 1;
    const turn = last.then(() => task(waited));
    last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      running -= 1;
    }
  };
}
