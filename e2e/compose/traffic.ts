import { setTimeout as delay } from 'node:timers/promises';

export type Outcome = { sent: number; failures: string[]; slowestMs: number };

/**
 * A light load until it is stopped: some workers, each sending its next request a few milliseconds after the answer to
 * the last one. Whatever is not an answer with the expected status counts as failed; nothing is tried again.
 */
export function startTraffic(
  send: () => Promise<Response>,
  { workers = 4, expected = 200, pauseMs = 15 } = {},
) {
  const outcome: Outcome = { sent: 0, failures: [], slowestMs: 0 };
  let running = true;
  const work = async () => {
    while (running) {
      const began = performance.now();
      outcome.sent += 1;
      try {
        const response = await send();
        await response.text();
        if (response.status !== expected) outcome.failures.push(`answered ${response.status}`);
      } catch (error) {
        const { message, cause } = error as Error;
        outcome.failures.push(`${message}: ${cause instanceof Error ? cause.message : ''}`);
      }
      outcome.slowestMs = Math.max(outcome.slowestMs, performance.now() - began);
      await delay(pauseMs);
    }
  };
  const all = Promise.all(Array.from({ length: workers }, work));
  return {
    outcome,
    async stop(): Promise<Outcome> {
      running = false;
      await all;
      return outcome;
    },
  };
}
