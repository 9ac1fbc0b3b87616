import type { Redis } from 'ioredis';
import { orUnavailable } from './or-unavailable.ts';

/**
 * The time by Redis' own clock, for scripts that must not be carried out long after they were sent: a command that timed
 * out here is still in the socket, and a Redis that was frozen carries it out when it wakes.
 *
 * The difference between the two clocks is measured when a script first says LATE, and again whenever one does, since
 * either clock may be set. A script that says LATE must have written nothing.
 */
export function createRedisClock(redis: Redis) {
  let aheadMs = 0;

  async function measure(): Promise<void> {
    const [seconds, microseconds] = await orUnavailable(redis.time());
    aheadMs = Number(seconds) * 1000 + Number(microseconds) / 1000 - Date.now();
  }

  return {
    /** Milliseconds since the epoch. */
    now: (): number => Math.round(Date.now() + aheadMs),

    /** Asks once more, by the clock as it is now, when the reply is LATE. Late again is 503. */
    async retryWhenLate<Verdict extends string>(
      ask: () => Promise<[Verdict | 'LATE', ...string[]]>,
    ): Promise<[Verdict, ...string[]]> {
      let reply = await ask();
      if (reply[0] === 'LATE') {
        await measure();
        reply = await ask();
      }
      if (reply[0] === 'LATE') return orUnavailable(Promise.reject(new Error('Redis answers too late.')));
      return reply as [Verdict, ...string[]];
    },
  };
}
