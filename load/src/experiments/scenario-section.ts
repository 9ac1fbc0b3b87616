import { setTimeout as delay } from 'node:timers/promises';
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
import { describeScenarios } from './scenario-report.ts';

const all: readonly Scenario[] = [signIn, refresh, browse, checkout, move, badTokens];
const plans = {
  full: { rounds: 5, seconds: 6, warmUpSeconds: 1, idleSeconds: 5 },
  quick: { rounds: 1, seconds: 0.8, warmUpSeconds: 0.2, idleSeconds: 0.5 },
};

/** How often each scenario runs before its first round. */
const rehearsed = 24;
const rehearsedAtOnce = 4;

/** Measures the latency and the cost of what people do, at the rates of a small shop on a busy day. */
export const scenarioSection: Section = {
  name: 'scenarios',
  title: 'What people do',
  seconds: { full: all.length * 38, quick: all.length * 1.3 },
  run,
};

export type Played = {
  readonly scenario: Scenario;
  readonly rounds: { readonly result: LoadResult; readonly use: SystemUse }[];
};

/** Each round plays all scenarios in turn, so that a disturbance of the machine affects all alike. */
async function run(context: Context): Promise<SectionResult> {
  const { rounds } = context.quick ? plans.quick : plans.full;
  const idle = await idleUse(context);
  const played: Played[] = all.map((scenario) => ({ scenario, rounds: [] }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const each of played) {
      context.signal.throwIfAborted();
      each.rounds.push(await play(each.scenario, { context, round }));
    }
  }
  return describeScenarios(played, idle);
}

async function idleUse({ world, redis, quick, signal, tell }: Context): Promise<SystemUse> {
  tell('nobody asks for anything, for comparison');
  const watch = await watchSystem(world.http, redis);
  await delay((quick ? plans.quick : plans.full).idleSeconds * 1000, undefined, { signal });
  return watch.end();
}

/** Warms a scenario up, because a shop in use runs code that is already compiled. */
async function rehearse(scenario: Scenario, { world, signal }: Context): Promise<void> {
  const waiting = Array.from({ length: rehearsed }, (_, index) => index).values();
  const work = async (): Promise<void> => {
    for (const index of waiting) {
      signal.throwIfAborted();
      await scenario.play(world, index);
    }
  };
  await Promise.all(Array.from({ length: rehearsedAtOnce }, work));
}

async function play(scenario: Scenario, { context, round }: { context: Context; round: number }) {
  const { world, tell, signal, seed, redis } = context;
  const { rounds, seconds, warmUpSeconds } = context.quick ? plans.quick : plans.full;
  await freshen(world.http.auth, world.people);
  await scenario.prepare?.(world);
  if (round === 1) await rehearse(scenario, context);
  const arrivals = randomArrivals({
    perSecond: scenario.perSecond,
    seconds: seconds + warmUpSeconds,
    // Each round has another pattern. The same seed repeats all patterns.
    seed: seed * rounds + round,
  });
  const watch = await watchSystem(world.http, redis);
  const result = await runOpenLoad((index) => scenario.play(world, index), {
    arrivals,
    warmUpMs: warmUpSeconds * 1000,
    onSecond: ({ completed, p99 }) =>
      tell(`round ${round} of ${rounds}, ${scenario.name}: ${completed}/s, p99 ${p99.toFixed(0)} ms`),
    signal,
  });
  return { result, use: await watch.end() };
}
