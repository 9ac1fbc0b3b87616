import { serviceKeys as services } from '@latchkey/services';
import type { LatencySummary } from '../generator/latencies.ts';
import { mergeLoads } from '../generator/merge.ts';
import type { LoadResult } from '../generator/open-load.ts';
import type { Figure, Plot, SectionResult, Table } from '../section.ts';
import { mergeUse } from '../system/merge-use.ts';
import type { SystemUse } from '../system/watch.ts';
import { faultCount } from './saturation.ts';
import type { Played } from './scenario-section.ts';

type Whole = {
  readonly name: string;
  readonly result: LoadResult;
  readonly use: SystemUse;
  readonly rounds: Played['rounds'];
};

/** Describes the rounds of all scenarios: figures for each round, tables and plots for all rounds together. */
export function describeScenarios(played: readonly Played[], idle: SystemUse): SectionResult {
  const whole = played.map(({ scenario: { name }, rounds }) => ({
    name,
    rounds,
    result: mergeLoads(rounds.map(({ result }) => result)),
    use: mergeUse(rounds.map(({ use }) => use)),
  }));
  return {
    figures: whole.flatMap(figuresOf),
    tables: [latencyTable(whole)],
    resources: [cpuTable(whole, idle), memoryTable(whole)],
    health: whole.map(({ name, result: { health } }) => ({ during: name, health })),
    plots: plotsOf(whole),
    notes: [
      ...played.map(({ scenario: { name, story } }) => `${name}: ${story}.`),
      'The table has all rounds together; figures are those of each round, and a threshold holds for their median.',
    ],
    invalid: whole.flatMap(({ name, result }) => result.health.faults.map((fault) => `${name}: ${fault}`)),
  };
}

function figuresOf({ name, rounds, result }: Whole): Figure[] {
  const latency = (of: keyof LatencySummary) => rounds.map((round) => round.result.latencies.summary()[of]);
  return [
    { name: `${name} p50`, unit: 'ms', values: latency('p50') },
    { name: `${name} p99`, unit: 'ms', values: latency('p99') },
    // Faults of all rounds together: a round without a fault does not make up for another.
    { name: `${name} faults`, unit: '', values: [faultCount(result)] },
  ];
}

function latencyTable(whole: readonly Whole[]): Table {
  return {
    title: 'Latency, ms',
    columns: ['scenario', 'offered/s', 'answered/s', 'p50', 'p90', 'p99', 'p99.9', 'max', 'faults'],
    rows: whole.map(({ name, result }) => {
      const { p50, p90, p99, p999, max } = result.latencies.summary();
      const faults = [...result.faults].map(([fault, count]) => `${count} × ${fault}`).join(', ') || '0';
      return [
        name,
        result.offered / result.seconds,
        result.achievedPerSecond,
        p50,
        p90,
        p99,
        p999,
        max,
        faults,
      ];
    }),
  };
}

/** Redis commands, less those that run without requests. */
function commandsBeyond(idle: SystemUse, use: SystemUse): number | undefined {
  if (idle.redisCommands === undefined || use.redisCommands === undefined) return undefined;
  return Math.max(0, use.redisCommands - (idle.redisCommands / idle.seconds) * use.seconds);
}

function cpuTable(whole: readonly Whole[], idle: SystemUse): Table {
  return {
    title: 'CPU in cores, Redis',
    columns: ['scenario', ...services.map((name) => `${name}-service`), 'Redis', 'Redis commands each'],
    rows: whole.map(({ name, result, use }) => {
      const { redisCpu } = use;
      const redisCommands = commandsBeyond(idle, use);
      return [
        name,
        ...services.map((service) => use.services[service].cpu),
        redisCpu ?? '–',
        redisCommands === undefined || result.sent === 0 ? '–' : redisCommands / result.sent,
      ];
    }),
  };
}

function memoryTable(whole: readonly Whole[]): Table {
  return {
    title: 'memory in MB, and the 99th percentile of how late the event loop came round, in ms',
    columns: [
      'scenario',
      ...services.map((name) => `${name}-service, MB`),
      ...services.map((name) => `${name}-service, ms`),
    ],
    rows: whole.map(({ name, use }) => [
      name,
      ...services.map((service) => Math.round(use.services[service].memoryBytes / 1e6)),
      ...services.map((service) => use.services[service].eventLoopP99Ms),
    ]),
  };
}

function plotsOf(whole: readonly Whole[]): Plot[] {
  return [
    {
      title: 'Latency by percentile, from the intended start',
      x: { title: 'share of requests that take longer, %', isLogarithmic: true, isReversed: true },
      y: { title: 'latency, ms', isLogarithmic: true },
      series: whole.map(({ name, result }) => ({
        name,
        points: result.latencies.curve().map(([percent, ms]) => [100 - percent, ms] as const),
      })),
    },
    {
      title: '99th percentile, second by second, one round after the other',
      x: { title: 'time, s' },
      y: { title: 'latency, ms', isLogarithmic: true },
      series: whole.map(({ name, result }) => ({
        name,
        points: result.series.filter(({ p99 }) => p99 > 0).map(({ second, p99 }) => [second, p99] as const),
      })),
    },
  ];
}
