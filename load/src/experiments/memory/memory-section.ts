import { setTimeout as delay } from 'node:timers/promises';
import { evenArrivals } from '../../generator/arrivals.ts';
import { runOpenLoad, type Send } from '../../generator/open-load.ts';
import { browse } from '../../scenarios/browse.ts';
import { checkout } from '../../scenarios/checkout.ts';
import { refresh } from '../../scenarios/refresh.ts';
import type { Scenario, World } from '../../scenarios/scenario.ts';
import type { Context, Figure, Plot, Section, SectionResult } from '../../section.ts';
import { freshen } from '../../system/people.ts';
import { faultCount, findSaturation } from '../saturation.ts';
import { lookAtMemory, type MemoryUse } from './memory-use.ts';
import { riseOfLowPoints, type Sample, settled, slopePerSecond } from './trend.ts';

const plans = {
  full: { minutes: 10, everySeconds: 5, secondsEach: 4, refinements: 3 },
  quick: { minutes: 0.5, everySeconds: 1, secondsEach: 1, refinements: 1 },
};
/** The share of the time that does not count: caches still fill, and code is still being compiled. */
const warmingUp = 0.4;
const growthMinutes = 10;
/** The share of the planned readings that must succeed. With fewer, the result says nothing. */
const leastLooks = 0.8;
/** Over a shorter time, a slope says more about the garbage collector than about what is kept. */
const minMinutes = 5;
/** How many of twenty actions belong to each scenario. */
const mix: readonly (readonly [Scenario, number])[] = [
  [browse, 15],
  [refresh, 4],
  [checkout, 1],
];

/** Measures whether memory stays constant while people shop at half of the rate that the system sustains. */
export const memorySection: Section = {
  name: 'memory',
  title: 'Memory, at half of saturation',
  // 0 leaves this out of a quick run unless it is asked for by name; it says little then.
  seconds: { full: 670, quick: 0 },
  run,
};

type Look = { readonly atSeconds: number; readonly use: MemoryUse };

async function run(context: Context): Promise<SectionResult> {
  const { world, tell, signal, quick } = context;
  const plan = quick ? plans.quick : plans.full;
  await freshen(world.http.auth, world.people);
  await checkout.prepare?.(world);
  const { knee } = await findSaturation(everything(world), {
    from: 50,
    secondsEach: plan.secondsEach,
    refinements: plan.refinements,
    onPoint: ({ offeredPerSecond, sustained }) =>
      tell(`looking for the knee: ${offeredPerSecond}/s ${sustained ? 'held' : 'too much'}`),
    signal,
  });
  signal.throwIfAborted();
  if (knee === 0)
    throw new Error('The system does not sustain 50 things a second: there is no half of that.');
  const perSecond = Math.round(knee / 2);

  await freshen(world.http.auth, world.people);
  let isOver = false;
  const looking = keepLooking(context, { everySeconds: plan.everySeconds, isOver: () => isOver });
  const load = await runOpenLoad(everything(world), {
    arrivals: evenArrivals({ perSecond, seconds: plan.minutes * 60 }),
    onSecond: ({ second, completed, p99 }) =>
      tell(`${second} of ${plan.minutes * 60} s: ${completed}/s, p99 ${p99.toFixed(0)} ms`),
    signal,
  }).finally(() => {
    isOver = true;
  });
  const looks = await looking;
  const wanted = (plan.minutes * 60) / plan.everySeconds;
  if (looks.length < leastLooks * wanted)
    throw new Error(
      `Of ${wanted} looks at the memory of the services ${looks.length} came: that says nothing.`,
    );
  const { p50, p99 } = load.latencies.summary();
  const isLongEnough = plan.minutes >= minMinutes;
  const { figures, ...described } = describeLooks(looks, isLongEnough);
  const faults: Figure = { name: `faults in ${growthMinutes} min`, unit: '', values: [faultCount(load)] };
  return {
    ...described,
    figures: isLongEnough ? [...figures, faults] : figures,
    notes: [
      `${perSecond} things a second for ${plan.minutes} minutes, half of the ${knee}/s that were found to be sustained for ${plan.secondsEach} s: of twenty, ${mix.map(([{ name }, share]) => `${share} × ${name}`).join(', ')}. Median ${p50.toFixed(1)} ms, p99 ${p99.toFixed(0)} ms, ${faultCount(load)} faults.`,
      `The first ${warmingUp * 100} % of the time, in which caches fill and code is compiled, do not count. Of a heap growth is how much the least of the second half of the rest is above that of the first; of what is resident, the median slope (Theil and Sen), counted for ${growthMinutes} minutes. Below 0 counts as 0. A figure has a value for each service.`,
    ],
    invalid: load.health.faults,
    health: [{ during: 'memory', health: load.health }],
  };
}

/** Each scenario counts its own turns, so that every person comes round in each. */
function everything(world: World): Send {
  const turns = mix.flatMap(([scenario, share]) =>
    Array.from({ length: share }, (_, turn) => ({ scenario, share, turn })),
  );
  return async (index) => {
    const next = turns[index % turns.length];
    if (next === undefined) return 'nothing to do';
    const { scenario, share, turn } = next;
    return scenario.play(world, Math.floor(index / turns.length) * share + turn);
  };
}

async function keepLooking(
  { world, redis }: Context,
  { everySeconds, isOver }: { everySeconds: number; isOver: () => boolean },
): Promise<readonly Look[]> {
  const beganAtMs = performance.now();
  const looks: Look[] = [];
  while (!isOver()) {
    const atSeconds = (performance.now() - beganAtMs) / 1000;
    // A reading that fails leaves a gap, and does no other harm.
    const use = await lookAtMemory(world.http, redis).catch(() => undefined);
    if (use !== undefined) looks.push({ atSeconds, use });
    await delay(everySeconds * 1000);
  }
  return looks;
}

/** Reports growth only of a run that was long enough. */
function describeLooks(
  looks: readonly Look[],
  isLongEnough: boolean,
): Pick<SectionResult, 'figures' | 'tables' | 'plots'> {
  const samplesOf = (kind: keyof MemoryUse, name: string): Sample[] =>
    looks.map(({ atSeconds, use }) => [atSeconds, use[kind][name] ?? Number.NaN]);
  const namesOf = (kind: keyof MemoryUse) => Object.keys(looks[0]?.use[kind] ?? {});
  const growthOf = {
    heap: (samples: readonly Sample[]) => riseOfLowPoints(settled(samples, warmingUp)),
    resident: (samples: readonly Sample[]) =>
      Math.max(0, slopePerSecond(settled(samples, warmingUp)) * growthMinutes * 60),
  };
  const figureOf = (kind: keyof MemoryUse, name: string, of: readonly string[]): Figure => ({
    name,
    unit: 'MB',
    values: of.map((each) => growthOf[kind](samplesOf(kind, each))),
  });
  const growth = `memory growth in ${growthMinutes} min`;
  const services = namesOf('heap');
  const plotOf = (kind: keyof MemoryUse, title: string): Plot => ({
    title,
    x: { title: 's' },
    y: { title: 'MB' },
    series: namesOf(kind).map((name) => ({ name, points: samplesOf(kind, name) })),
  });
  const rowsOf = (kind: keyof MemoryUse, title: string) =>
    namesOf(kind).map((name) => {
      const samples = samplesOf(kind, name);
      const values = samples.map(([, value]) => value);
      const [first = 0, last = 0] = [values[0], values.at(-1)];
      const rounded = [first, Math.max(...values), last].map((value) => Number(value.toFixed(1)));
      return [name, title, ...rounded, isLongEnough ? Number(growthOf[kind](samples).toFixed(1)) : ''];
    });
  return {
    figures: isLongEnough
      ? [
          figureOf('heap', 'rise of the heap’s low points', services),
          figureOf('resident', growth, services),
          ...('Redis' in (looks[0]?.use.resident ?? {})
            ? [figureOf('resident', `${growth}: Redis`, ['Redis'])]
            : []),
        ]
      : [],
    tables: [
      {
        title: 'Memory, MB',
        columns: ['who', 'what', 'at first', 'most', 'at last', 'growth'],
        rows: [...rowsOf('heap', 'heap'), ...rowsOf('resident', 'resident; of Redis its data')],
      },
    ],
    plots: [
      plotOf('heap', 'JavaScript heap of each service'),
      plotOf('resident', 'Resident memory of each service, and data of Redis'),
    ],
  };
}
