import { expect } from 'vitest';

/**
 * Matches the time, in seconds, of something that happened between `startMs` and now, which are far apart on a busy
 * machine. It may be in the next second: see docs/decisions/0035.
 *
 * @param laterBy how many seconds lie between that time and the one to match, such as an expiry
 * @example
 * const startMs = Date.now();
 * expect(await issue()).toMatchObject({ iat: secondsSince(startMs), exp: secondsSince(startMs, 300) });
 */
export function secondsSince(startMs: number, laterBy = 0) {
  return expect.toSatisfy(
    (seconds: number) => {
      const happenedAt = seconds - laterBy;
      return happenedAt >= Math.floor(startMs / 1000) && happenedAt <= Math.floor(Date.now() / 1000) + 1;
    },
    `a time since ${startMs / 1000} s, ${laterBy} s later`,
  );
}
