import { setImmediate as whateverIsReady } from 'node:timers/promises';
import type { Clock } from '../../src/generator/clock.ts';

export type TurnedClock = Clock & {
  /** Works for this long: time passes, and nothing else happens meanwhile. */
  work(ms: number): void;
  /** Lets time pass from one pending delay to the next, until `promise` settles. */
  turnUntil<T>(promise: Promise<T>): Promise<T>;
};

/** A clock on which time passes only while everything waits. A run of a minute takes no time, and nothing is late. */
export function createTurnedClock(): TurnedClock {
  const waiting: { readonly atMs: number; readonly resolve: () => void }[] = [];
  let nowMs = 0;
  let workedMs = 0;

  function next(): void {
    const earliest = waiting.reduce((first, other) => (other.atMs < first.atMs ? other : first));
    waiting.splice(waiting.indexOf(earliest), 1);
    nowMs = Math.max(nowMs, earliest.atMs);
    earliest.resolve();
  }

  return {
    now: () => nowMs,
    cpuMs: () => workedMs,
    delay: (ms) => new Promise((resolve) => waiting.push({ atMs: nowMs + Math.max(0, ms), resolve })),
    work(ms) {
      nowMs += ms;
      workedMs += ms;
    },
    async turnUntil(promise) {
      let isSettled = false;
      const settle = () => {
        isSettled = true;
      };
      promise.then(settle, settle);
      for (await whateverIsReady(); !isSettled; await whateverIsReady()) next();
      return await promise;
    },
  };
}
