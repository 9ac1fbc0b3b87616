export type Poll = {
  start(): void;
  /** Resolves when a round that is under way has ended. */
  stop(): Promise<void>;
};

/**
 * Does something again and again, each time so long after the last has ended. A failure is told and does not end it.
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
