import { closed } from './errors.ts';
import type { Platform } from './platform.ts';

/**
 * Runs a task when no other runs, in any tab. `waited`: another one ran when this one was wanted, so what it found out
 * may be on its way here.
 *
 * @throws {SessionError} `closed`; and what the task throws
 */
export type RefreshLock = <Result>(task: (waited: boolean) => Promise<Result>) => Promise<Result>;

export interface RefreshLockOptions {
  readonly name: string;
  readonly locks: Platform['locks'];
  /** Once it is aborted, no task begins. */
  readonly signal: AbortSignal;
}

/** A Web Lock, which a tab that is closed or crashes gives back by itself. Without Web Locks: one for this tab alone. */
export function createRefreshLock({ name, locks, signal }: RefreshLockOptions): RefreshLock {
  const inTurn = locks === undefined ? lockOfThisTab() : webLock(name, locks, signal);
  return async (task) => {
    if (signal.aborted) throw closed();
    try {
      return await inTurn((waited) => {
        if (signal.aborted) throw closed();
        return task(waited);
      });
    } catch (error) {
      // While it waited for its turn.
      if (error === signal.reason) throw closed();
      throw error;
    }
  };
}

function webLock(name: string, locks: NonNullable<Platform['locks']>, signal: AbortSignal): RefreshLock {
  return async (task) => {
    const atOnce = await locks.request(name, { ifAvailable: true }, async (lock) =>
      lock === null ? undefined : { result: await task(false) },
    );
    if (atOnce !== undefined) return atOnce.result;
    return await locks.request(name, { signal }, () => task(true));
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
