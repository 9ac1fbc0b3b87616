import { randomArrivals } from '../generator/arrivals.ts';
import { type LoadResult, runOpenLoad } from '../generator/open-load.ts';
import { badTokens } from '../scenarios/bad-tokens.ts';
import { browse } from '../scenarios/browse.ts';
import { checkout } from '../scenarios/checkout.ts';
import { move } from '../scenarios/move.ts';
import { refresh } from '../scenarios/refresh.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { signIn } from '../scenarios/sign-in.ts';
import type { Context, Section, SectionResult } from '../section.ts';
import { freshen } from '../system/people.ts';
import { type SystemUse, watchSystem } from '../system/watch.ts';
import { faultCount } from './saturation.ts';

const all: readonly Scenario[] = [signIn, refresh, browse, checkout, move, badTokens];
const plans = {
  full: { seconds: 30, warmUpSeconds: 3 },
  quick: { seconds: 3, warmUpSeconds: 1 },
};

/** What people do, at the rates of a small shop on a busy day: how long each takes, and what it costs. */
export const scenarioSection: Section = {
  name: 'scenarios',
  title: 'What people do',
  seconds: { full: all.length * 35, quick: all.length * 5 },
  run,
};

type Played = { readonly scenario: Scenario; readonly result: LoadResult; readonly use: SystemUse };

async function run(context: Context): Promise<SectionResult> {
  const played: Played[] = [];
  for (const scenario of all) {
    context.signal.throwIfAborted();
    played.push(await play(scenario, context));
  }
  return {
    figures: played.flatMap(({ scenario, result }) => [
      { name: `${scenario.name} p50`, unit: 'ms' as const, values: [result.latencies.summary().p50] },
      { name: `${scenario.name} p99`, unit: 'ms' as const, values: [result.latencies.summary().p99] },
      { name: `${scenario.name} faults`, unit: '' as const, values: [faultCount(result)] },
    ]),
    tables: [latencyTable(played)],
    resources: [useTable(played)],
    health: played.map(({ scenario, result }) => ({ during: scenario.name, health: result.health })),
    plots: [
      {
        title: 'Latency by percentile, from the intended start',
        x: { title: 'share of requests that take longer, %', isLogarithmic: true, isReversed: true },
        y: { title: 'ms', isLogarithmic: true },
        series: played.map(({ scenario, result }) => ({
          name: scenario.name,
          points: result.latencies.curve().map(([percent, ms]) => [100 - percent, ms] as const),
        })),
      },
      {
        title: '99th percentile, second by second',
        x: { title: 's' },
        y: { title: 'ms', isLogarithmic: true },
        series: played.map(({ scenario, result }) => ({
          name: scenario.name,
          points: result.series.filter(({ p99 }) => p99 > 0).map(({ second, p99 }) => [second, p99] as const),
        })),
      },
    ],
    notes: all.map(({ name, story }) => `${name}: ${story}.`),
    invalid: played.flatMap(({ scenario, result }) =>
      result.health.faults.map((fault) => `${scenario.name}: ${fault}`),
    ),
  };
}

async function play(scenario: Scenario, context: Context): Promise<Played> {
  const { world, tell, signal, seed, redis } = context;
  const { seconds, warmUpSeconds } = context.quick ? plans.quick : plans.full;
  await freshen(world.http.auth, world.people);
  await scenario.prepare?.(world);
  const arrivals = randomArrivals({ perSecond: scenario.perSecond, seconds: seconds + warmUpSeconds, seed });
  const watch = await watchSystem(world.http, redis);
  const result = await runOpenLoad((index) => scenario.play(world, index), {
    arrivals,
    warmUpMs: warmUpSeconds * 1000,
    onSecond: ({ completed, p99 }) => tell(`${scenario.name}: ${completed}/s, p99 ${p99.toFixed(0)} ms`),
    signal,
  });
  return { scenario, result, use: await watch.end() };
}

function latencyTable(played: readonly Played[]) {
  return {
    title: 'Latency, ms',
    columns: ['scenario', 'offered/s', 'answered/s', 'p50', 'p90', 'p99', 'p99.9', 'max', 'faults'],
    rows: played.map(({ scenario, result }) => {
      const { p50, p90, p99, p999, max } = result.latencies.summary();
      const faults = [...result.faults].map(([name, count]) => `${count} × ${name}`).join(', ') || '0';
      const rates = [round(result.offered / result.seconds), round(result.achievedPerSecond)];
      return [scenario.name, ...rates, ...[p50, p90, p99, p999, max].map(round), faults];
    }),
  };
}

function useTable(played: readonly Played[]) {
  const names = ['auth', 'cart', 'wishlist', 'payment'] as const;
  return {
    title: 'What it costs: CPU of each service in cores, memory, event loop, Redis',
    columns: [
      'scenario',
      ...names.map((name) => `${name} CPU`),
      ...names.map((name) => `${name} MB`),
      'worst event loop p99, ms',
      'Redis commands each',
    ],
    rows: played.map(({ scenario, result, use }) => {
      const services = names.map((name) => use.services[name]);
      const count = result.latencies.count + faultCount(result);
      return [
        scenario.name,
        ...services.map(({ cpu }) => round(cpu)),
        ...services.map(({ memoryBytes }) => Math.round(memoryBytes / 1e6)),
        round(Math.max(...services.map(({ eventLoopP99Ms }) => eventLoopP99Ms))),
        use.redisCommands === undefined || count === 0 ? '' : round(use.redisCommands / count),
      ];
    }),
  };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
