export type Poll = {
  start(): void;
  /** Stops the poll. Resolves when the current round has ended. */
  stop(): Promise<void>;
};

/**
 * Runs a task repeatedly, each time `everyMs` after the previous run has ended. A failure is reported and does not stop
 * the poll.
 *
 * @example
 * const poll = createPoll({ everyMs: 5000, task: reload, onFailed: (error) => log.warn({ err: error }, '…') });
 * poll.start();
 */
export function createPoll(options: {
  readonly everyMs: number;
  readonly task: () => Promise<void>;
  readonly onFailed: (error: unknown) => void;
}): Poll {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let lastRound: Promise<void> = Promise.resolve();

  function schedule(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      lastRound = options.task().catch(options.onFailed).finally(schedule);
    }, options.everyMs);
    timer.unref();
  }

  return {
    start: schedule,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await lastRound;
    },
  };
}
