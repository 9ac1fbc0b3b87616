import { describe, expect, it } from 'vitest';
import { findSaturation, isSustained, type RatePoint, searchKnee } from '../../src/experiments/saturation.ts';
import { Latencies } from '../../src/generator/latencies.ts';
import type { LoadResult } from '../../src/generator/open-load.ts';
import { createTurnedClock } from '../generator/turned-clock.ts';

/** A system that sustains this many requests per second, and not one more. */
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
  const kept = (change: Partial<LoadResult> = {}): LoadResult => {
    const latencies = new Latencies();
    latencies.record(20);
    const health = { lag: { p50: 0, p99: 0, max: 0 }, cpu: 0.1, faults: [] };
    const rest = { faults: new Map(), health, series: [], settled: Promise.resolve() };
    return {
      offered: 100,
      sent: 100,
      seconds: 1,
      achievedPerSecond: 100,
      behind: 0,
      latencies,
      ...rest,
      ...change,
    };
  };

  it('is sustained when all requests are answered soon, except those that have just been sent', () => {
    expect(isSustained(kept())).toBe(true);
    expect(isSustained(kept({ behind: 7 }))).toBe(true);
  });

  const slow = new Latencies();
  slow.record(300);
  it.each<[string, Partial<LoadResult>]>([
    ['too many are behind', { behind: 8 }],
    ['one request failed', { faults: new Map([['503', 1]]) }],
    ['people wait', { latencies: slow }],
    ['nothing was sent', { offered: 0 }],
    ['the generator did not keep up', { health: { ...kept().health, faults: ['late'] } }],
  ])('is not sustained when %s', (_why, change) => {
    expect(isSustained(kept(change))).toBe(false);
  });

  it('does not burden the next one, because the search waits for remaining answers', async () => {
    const clock = createTurnedClock();
    let freeAt = 0;
    let underWay = 0;
    const atFirst: number[] = [];
    const inARow = async (index: number): Promise<string> => {
      if (index === 0) atFirst.push(underWay);
      underWay += 1;
      freeAt = Math.max(freeAt, clock.now()) + 10;
      await clock.delay(freeAt - clock.now());
      underWay -= 1;
      return 'ok';
    };
    const options = { from: 400, secondsEach: 1.5, refinements: 0, clock };
    const { knee, points } = await clock.turnUntil(findSaturation(inARow, options));
    expect(points[0]?.sustained).toBe(false);
    expect(knee).toBe(100);
    expect(new Set(atFirst)).toEqual(new Set([0]));
  });
});
