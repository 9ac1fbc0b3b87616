import { expect, it } from 'vitest';
import { Latencies } from '../../src/generator/latencies.ts';
import { mergeLoads } from '../../src/generator/merge.ts';
import type { LoadResult } from '../../src/generator/open-load.ts';

function round(
  ms: readonly number[],
  lagP99: number,
  faults: readonly (readonly [string, number])[],
): LoadResult {
  const latencies = new Latencies();
  for (const each of ms) latencies.record(each);
  return {
    offered: ms.length,
    sent: ms.length + 1,
    behind: 1,
    settled: Promise.resolve(),
    seconds: 2,
    achievedPerSecond: ms.length / 2,
    latencies,
    faults: new Map(faults),
    health: {
      lag: { p50: 1, p99: lagP99, max: 50 },
      cpu: lagP99 / 100,
      faults: lagP99 > 25 ? ['late'] : [],
    },
    series: [
      { second: 0, started: 1, completed: 1, faults: 0, p99: 1 },
      { second: 1, started: 1, completed: 1, faults: 0, p99: 1 },
    ],
  };
}

it('merges several rounds into one', () => {
  const merged = mergeLoads([
    round([1, 1, 1], 5, [['503', 1]]),
    round([1, 9], 40, [
      ['503', 2],
      ['401', 1],
    ]),
  ]);
  expect(merged.offered).toBe(5);
  expect([merged.sent, merged.behind]).toEqual([7, 2]);
  expect(merged.achievedPerSecond).toBe(5 / 4);
  expect(merged.latencies.count).toBe(5);
  expect(merged.latencies.summary().max).toBeCloseTo(9, 1);
  expect(Object.fromEntries(merged.faults)).toEqual({ 503: 3, 401: 1 });
  expect(merged.health).toEqual({ lag: { p50: 1, p99: 40, max: 50 }, cpu: 0.4, faults: ['late'] });
  expect(merged.series.map(({ second }) => second)).toEqual([0, 1, 2, 3]);
});
