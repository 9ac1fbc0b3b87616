import { ProblemError } from '@latchkey/service-kit';

export type ConcurrencyLimit = {
  /** Runs the task when its turn comes. Rejects at once with 503 `busy` when too many tasks are waiting. */
  run<T>(task: () => Promise<T>): Promise<T>;
};

/**
 * Runs a few tasks at a time in this process, and lets a bounded number wait, first come first served. Hashing a
 * password takes a core and 19 MiB for about 30 ms. Without a bound, sign-ins could use up the machine, and libuv's
 * four threads, which also sign tokens.
 *
 * Does not limit how long a task runs.
 *
 * @example
 * const limit = createConcurrencyLimit({ running: 2, waiting: 200 });
 * await limit.run(() => hasher.hash(password));
 */
export function createConcurrencyLimit(most: { running: number; waiting: number }): ConcurrencyLimit {
  const turns: (() => void)[] = [];
  let running = 0;

  return {
    async run(task) {
      if (running < most.running) running += 1;
      else if (turns.length < most.waiting) await new Promise<void>((turn) => turns.push(turn));
      else throw busy();
      try {
        return await task();
      } finally {
        // The turn passes directly to the next waiting task, so that no new task can overtake it.
        const next = turns.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}

function busy(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'busy',
    detail: 'Too many people are signing in at the moment. Try again in a few seconds.',
    headers: { 'retry-after': '2' },
  });
}
