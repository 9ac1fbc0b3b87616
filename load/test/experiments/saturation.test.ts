import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findSaturation, type RatePoint, searchKnee } from '../../src/experiments/saturation.ts';

/** A system that sustains so many per second, and not one more. */
function systemOf(most: number) {
  return async (perSecond: number): Promise<RatePoint> => ({
    offeredPerSecond: perSecond,
    achievedPerSecond: Math.min(perSecond, most),
    p50: 1,
    p99: 1,
    faults: 0,
    invalid: [],
    sustained: perSecond <= most,
  });
}

const ratesOf = (points: readonly RatePoint[]) => points.map(({ offeredPerSecond }) => offeredPerSecond);

describe('the search', () => {
  it('doubles the rate until it is too much, and then halves the interval', async () => {
    const { knee, points } = await searchKnee(systemOf(900), { from: 100, refinements: 3 });
    expect(ratesOf(points)).toEqual([100, 200, 400, 800, 1600, 1200, 1000, 900]);
    expect(knee).toBe(900);
  });

  it('looks below the rate that it began with when that is too much', async () => {
    const { knee, points } = await searchKnee(systemOf(60), { from: 200, refinements: 1 });
    expect(ratesOf(points)).toEqual([200, 100, 50, 75]);
    expect(knee).toBe(50);
  });

  it('gives up on a system that sustains nothing', async () => {
    const { knee, points } = await searchKnee(systemOf(0), { from: 200, refinements: 9 });
    expect(knee).toBe(0);
    expect(points).toHaveLength(5);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const onPoint = () => stop.abort();
    const { points } = await searchKnee(systemOf(900), {
      from: 1,
      refinements: 9,
      onPoint,
      signal: stop.signal,
    });
    expect(points).toHaveLength(1);
  });
});

describe('a rate', () => {
  it('is not sustained by a server that answers one request after the other, each in 10 ms, above 100/s', async () => {
    let freeAt = 0;
    const send = async (): Promise<string> => {
      freeAt = Math.max(freeAt, performance.now()) + 10;
      await delay(freeAt - performance.now());
      return 'ok';
    };
    const { knee, points } = await findSaturation(send, { from: 200, secondsEach: 2, refinements: 0 });
    expect(points[0]?.sustained).toBe(false);
    // How far below depends on how busy the machine of the tests is.
    expect(knee).toBeLessThanOrEqual(100);
  }, 60_000);

  it('is not sustained when everything is refused', async () => {
    const { knee, points } = await findSaturation(async () => '503', {
      from: 2,
      secondsEach: 0.5,
      refinements: 0,
    });
    expect(knee).toBe(0);
    expect(points[0]?.faults).toBeGreaterThan(0);
  }, 30_000);
});
