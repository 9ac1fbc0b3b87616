import { ProblemError } from '@latchkey/service-kit';

export type ConcurrencyLimit = {
  /** Runs the task when its turn comes. Rejects at once with 503 `busy` when too many wait already. */
  run<T>(task: () => Promise<T>): Promise<T>;
};

/**
 * Lets a few tasks run and a bounded number wait, first come first served, in this process. Hashing a password takes
 * a core and 19 MiB for some 30 ms: without a bound, sign-ins alone could use up the machine, and libuv's four threads,
 * which signing tokens needs too.
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
        // The turn goes straight to the next in line, so nobody can slip in between.
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
    detail: 'Too many people are signing in at this moment. Try again in a few seconds.',
    headers: { 'retry-after': '2' },
  });
}
