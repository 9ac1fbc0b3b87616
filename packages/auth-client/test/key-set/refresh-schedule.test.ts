import { describe, expect, it } from 'vitest';
import { refreshDelayMs, retryDelayMs } from '../../src/key-set/refresh-schedule.ts';

describe('when the keys are fetched again after a success', () => {
  it.each([
    [undefined, 60_000],
    [0, 1000],
    [2, 2000],
    [300, 300_000],
    [86_400, 1_800_000],
  ])('max-age %s: after %d ms', (maxAgeSeconds, delayMs) => {
    expect(refreshDelayMs(maxAgeSeconds, { maxStaleSeconds: 3600, random: 0 })).toBe(delayMs);
    expect(refreshDelayMs(maxAgeSeconds, { maxStaleSeconds: 3600, random: 1 })).toBeCloseTo(delayMs * 0.9);
  });

  it('is at most an hour, however old the keys may become', () => {
    expect(refreshDelayMs(86_400, { maxStaleSeconds: 604_800, random: 0 })).toBe(3_600_000);
  });
});

describe('when the keys are fetched again after failures', () => {
  it('backs off from 1 s to 30 s', () => {
    const delays = [1, 2, 3, 4, 5, 6, 50].map((n) => retryDelayMs(n, { everSucceeded: true, random: 1 }));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('backs off to 5 s only while there have never been keys', () => {
    const delays = [1, 2, 3, 4, 50].map((n) => retryDelayMs(n, { everSucceeded: false, random: 1 }));
    expect(delays).toEqual([1000, 2000, 4000, 5000, 5000]);
  });

  it('never takes less than half of that', () => {
    expect(retryDelayMs(3, { everSucceeded: true, random: 0 })).toBe(2000);
  });
});
