import type { GeneratorHealth } from './health.ts';
import { Latencies } from './latencies.ts';
import type { LoadResult } from './open-load.ts';

/** Merges several rounds of the same load into one result. Its health is that of the worst round. */
export function mergeLoads(rounds: readonly LoadResult[]): LoadResult {
  const latencies = new Latencies();
  const faults = new Map<string, number>();
  for (const round of rounds) {
    latencies.add(round.latencies);
    for (const [name, count] of round.faults) faults.set(name, (faults.get(name) ?? 0) + count);
  }
  const seconds = sum(rounds.map((round) => round.seconds));
  return {
    offered: sum(rounds.map(({ offered }) => offered)),
    sent: sum(rounds.map(({ sent }) => sent)),
    behind: sum(rounds.map(({ behind }) => behind)),
    settled: Promise.all(rounds.map(({ settled }) => settled)),
    seconds,
    achievedPerSecond: sum(rounds.map((round) => round.achievedPerSecond * round.seconds)) / seconds,
    latencies,
    faults,
    health: worstOf(rounds.map(({ health }) => health)),
    series: rounds.flatMap(({ series }) => series).map((second, index) => ({ ...second, second: index })),
  };
}

function worstOf(all: readonly GeneratorHealth[]): GeneratorHealth {
  const most = (of: (health: GeneratorHealth) => number) => Math.max(...all.map(of));
  return {
    lag: {
      p50: most(({ lag }) => lag.p50),
      p99: most(({ lag }) => lag.p99),
      max: most(({ lag }) => lag.max),
    },
    cpu: most(({ cpu }) => cpu),
    faults: all.flatMap(({ faults }) => faults),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
