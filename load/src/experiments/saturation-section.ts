import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { evenArrivals } from '../generator/arrivals.ts';
import { type LoadResult, runOpenLoad } from '../generator/open-load.ts';
import { medianOf } from '../report/statistics.ts';
import { browse } from '../scenarios/browse.ts';
import { checkout } from '../scenarios/checkout.ts';
import { refresh } from '../scenarios/refresh.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Context, Section, SectionResult } from '../section.ts';
import type { ServiceName } from '../system/http.ts';
import { freshen } from '../system/people.ts';
import { type SystemUse, watchSystem } from '../system/watch.ts';
import { findSaturation, isSustained, type Saturation } from './saturation.ts';
import { describeSaturation } from './saturation-report.ts';
import { measureSigning } from './signing.ts';

type Wanted = {
  readonly scenario: Scenario;
  readonly from: number;
  /** The services that work on each request, and not only now and then. */
  readonly uses: readonly ServiceName[];
};

const searched: readonly Wanted[] = [
  { scenario: refresh, from: 400, uses: ['auth'] },
  { scenario: browse, from: 400, uses: ['cart', 'wishlist'] },
  { scenario: checkout, from: 20, uses: ['payment', 'cart'] },
];
const plans = {
  full: {
    warmUpSeconds: 5,
    settleSeconds: 0.5,
    secondsEach: 5,
    refinements: 4,
    measureSeconds: 15,
    idleSeconds: 5,
    signing: { rounds: 5, perRound: 300 },
  },
  quick: {
    warmUpSeconds: 0.5,
    settleSeconds: 0.2,
    secondsEach: 0.5,
    refinements: 1,
    measureSeconds: 0.8,
    idleSeconds: 0.5,
    signing: { rounds: 3, perRound: 60 },
  },
};

/** If a rate is sustained for a few seconds but not for longer, the next one is lower by this factor. */
const stepDown = 0.9;
const maxStepsDown = 6;

/** Measures the highest rate, the part that limits it, and the rate of one core. */
export const saturationSection: Section = {
  name: 'saturation',
  title: 'Saturation',
  seconds: { full: searched.length * 110, quick: searched.length * 5 },
  run,
};

/** A scenario at a constant rate, and the resources that it uses. */
export type Measured = {
  readonly perSecond: number;
  readonly requests: number;
  readonly result: LoadResult;
  readonly use: SystemUse;
  /** The use without requests. */
  readonly idle: SystemUse;
};

export type Searched = Saturation & {
  readonly scenario: Scenario;
  readonly uses: readonly ServiceName[];
  /** Absent when no rate was sustained. */
  readonly measured?: { readonly atHalf: Measured; readonly atKnee: Measured };
};

async function run(context: Context): Promise<SectionResult> {
  const { signing, idleSeconds } = context.quick ? plans.quick : plans.full;
  context.tell('signing, for comparison');
  const signingMicroseconds = medianOf(measureSigning(signing));
  const watch = await watchSystem(context.world.http, context.redis);
  await delay(idleSeconds * 1000, undefined, { signal: context.signal });
  const idle = await watch.end();
  const found: Searched[] = [];
  for (const each of searched) found.push(await search(each, { ...context, idle }));
  return describeSaturation(found, { signingMicroseconds, cores: availableParallelism() });
}

type WithIdle = Context & { readonly idle: SystemUse };

async function search({ scenario, from, uses }: Wanted, context: WithIdle): Promise<Searched> {
  const { world, tell, signal } = context;
  const { warmUpSeconds, settleSeconds, secondsEach, refinements } = context.quick ? plans.quick : plans.full;
  await freshen(world.http.auth, world.people);
  await scenario.prepare?.(world);
  const play = (index: number) => scenario.play(world, index);
  tell(`${scenario.name}: warming up`);
  // Code that has not been compiled yet is slow. A first rate that is too high for it would bound the search.
  await runOpenLoad(play, {
    arrivals: evenArrivals({ perSecond: from / 2, seconds: warmUpSeconds }),
    signal,
  });
  const saturation = await findSaturation(play, {
    from,
    settleSeconds,
    secondsEach,
    refinements,
    onPoint: ({ offeredPerSecond, p99, sustained }) =>
      tell(
        `${scenario.name}: ${offeredPerSecond}/s ${sustained ? 'held' : 'too much'}, p99 ${p99.toFixed(0)} ms`,
      ),
    signal,
  });
  signal.throwIfAborted();
  if (saturation.knee === 0) return { scenario, uses, ...saturation };
  const atKnee = await measureSustained(scenario, saturation.knee, context);
  const atHalf = await measure(scenario, atKnee.perSecond / 2, context);
  const { points } = saturation;
  return { scenario, uses, points, knee: atKnee.perSecond, measured: { atHalf, atKnee } };
}

/** Work that was sustained for some seconds may pile up over more. Then slightly lower rates are tried. */
async function measureSustained(scenario: Scenario, knee: number, context: WithIdle): Promise<Measured> {
  let measured = await measure(scenario, knee, context);
  for (let left = maxStepsDown; left > 0 && !isSustained(measured.result); left -= 1) {
    await measured.result.settled;
    measured = await measure(scenario, Math.round(measured.perSecond * stepDown), context);
  }
  return measured;
}

async function measure(scenario: Scenario, perSecond: number, context: WithIdle): Promise<Measured> {
  const { world, tell, signal, redis, idle } = context;
  const { measureSeconds: seconds } = context.quick ? plans.quick : plans.full;
  await freshen(world.http.auth, world.people);
  tell(`${scenario.name}: ${Math.round(perSecond)}/s, to see what it costs`);
  const watch = await watchSystem(world.http, redis);
  let requests = 0;
  const play = (index: number) => {
    requests += 1;
    return scenario.play(world, index);
  };
  const result = await runOpenLoad(play, { arrivals: evenArrivals({ perSecond, seconds }), signal });
  return { perSecond, requests, result, use: await watch.end(), idle };
}
