import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '@latchkey/person';
import { expect } from 'vitest';

export type Outcome = {
  answered: number;
  failures: string[];
  /** How many of the failures were a connection that ended instead of an answer. */
  hungUp: number;
  slowestMs: number;
};

const pauseMs = 15;

/**
 * Sends a light load until it is stopped. Each sender pauses for a few milliseconds between an answer and the next
 * request. Any answer but status 200 counts as failed; nothing is retried.
 *
 * @example
 * const traffic = startTraffic(send, send);
 * await traffic.more(30);
 * const { failures } = await traffic.stop();
 */
export function startTraffic(...senders: (() => Promise<Answer>)[]) {
  const outcome: Outcome = { answered: 0, failures: [], hungUp: 0, slowestMs: 0 };
  let running = true;
  const work = async (send: () => Promise<Answer>) => {
    while (running) {
      const began = performance.now();
      try {
        const { status } = await send();
        if (status !== 200) outcome.failures.push(`answered ${status}`);
      } catch (error) {
        const { message, cause } = error as Error;
        outcome.failures.push(`${message}: ${cause instanceof Error ? cause.message : ''}`);
        if (/other side closed|ECONNRESET/.test(String(cause))) outcome.hungUp += 1;
      }
      outcome.answered += 1;
      outcome.slowestMs = Math.max(outcome.slowestMs, performance.now() - began);
      await delay(pauseMs);
    }
  };
  const all = Promise.all(senders.map(work));
  return {
    /** Waits until this many more requests are answered, however long that takes. */
    async more(requests: number): Promise<void> {
      for (const enough = outcome.answered + requests; outcome.answered < enough; ) await delay(pauseMs);
    },
    async stop(): Promise<Outcome> {
      running = false;
      await all;
      return outcome;
    },
  };
}

/**
 * Expects an attempt to lose no request. Two attempts may fail because a connection ended: a service that stops gives
 * clients two seconds (DRAIN_MS) to learn that it will close. If a busy machine suspends a client for that long, its
 * request meets the end of the connection (RFC 9112 §9.5). A service that does not drain fails in every attempt.
 */
export async function expectNoneLost(attempt: () => Promise<Outcome>): Promise<void> {
  for (let attemptsLeft = 2; ; attemptsLeft--) {
    const { answered, failures, hungUp, slowestMs } = await attempt();
    console.log(`${answered} requests, ${failures.length} failed, the slowest ${slowestMs.toFixed(0)} ms`);
    if (failures.length > 0 && failures.length === hungUp && attemptsLeft > 0) continue;
    expect(failures).toEqual([]);
    return;
  }
}
