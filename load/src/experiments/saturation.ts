import { evenArrivals } from '../generator/arrivals.ts';
import { type Clock, realClock } from '../generator/clock.ts';
import { type LoadResult, runOpenLoad, type Send } from '../generator/open-load.ts';

/** One rate that was tried. */
export type RatePoint = {
  readonly offeredPerSecond: number;
  readonly achievedPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly faults: number;
  /** Why the point says nothing about the system; none when it does. */
  readonly invalid: readonly string[];
  readonly sustained: boolean;
};

export type Saturation = {
  /** The highest rate that was sustained, per second. */
  readonly knee: number;
  /** In the order in which they were tried. */
  readonly points: readonly RatePoint[];
};

export type SaturationOptions = {
  /** Where the search begins, per second: a rate that is surely sustained. */
  readonly from: number;
  readonly secondsEach: number;
  /** Before those, at the same rate and not counted. Default 0.5. */
  readonly settleSeconds?: number;
  /** How many times the interval between sustained and not is halved. */
  readonly refinements: number;
  readonly onPoint?: (point: RatePoint) => void;
  readonly signal?: AbortSignal;
  /** Default: the real one. */
  readonly clock?: Clock;
};

/** How often a rate that was meant to be surely sustained, and was not, is halved. */
const maxHalvings = 4;
/** Sustained means: nothing failed, no more than 5 % were behind in the end, and hardly anybody waited for longer than this. */
const maxP99Ms = 250;
const maxBehind = 0.05;
/** Under way when the sending ends, of a system that keeps up with a few slow requests. */
const alwaysUnderWay = 2;
const drainMs = 3000;
/** For what is still under way then: the next rate is not to pay for it. */
const settleMs = 15_000;
const highest = 50_000;

/**
 * Looks for the highest rate that the system sustains. Between two rates it waits until what was left over has been
 * answered, so that one does not pay for the other.
 *
 * @example
 * const { knee } = await findSaturation(send, { from: 100, secondsEach: 4, refinements: 4 });
 */
export function findSaturation(send: Send, options: SaturationOptions): Promise<Saturation> {
  return searchKnee((perSecond) => tryRate(send, perSecond, options), options);
}

type SearchOptions = Pick<SaturationOptions, 'from' | 'refinements' | 'onPoint' | 'signal'>;

/**
 * Doubles the rate until it is not sustained (or halves it until it is, if the first was too much), then halves the
 * interval.
 */
export async function searchKnee(
  tryOne: (perSecond: number) => Promise<RatePoint>,
  { from, refinements, onPoint, signal }: SearchOptions,
): Promise<Saturation> {
  const points: RatePoint[] = [];
  let sustained = 0;
  let exceeded = Math.min(from, highest);
  const goesOn = (): boolean => signal?.aborted !== true;
  const isSustained = async (perSecond: number): Promise<boolean> => {
    const point = await tryOne(perSecond);
    points.push(point);
    onPoint?.(point);
    return point.sustained;
  };
  const narrow = async (): Promise<void> => {
    const between = Math.round((sustained + exceeded) / 2);
    if (await isSustained(between)) sustained = between;
    else exceeded = between;
  };

  while (exceeded < highest && goesOn() && (await isSustained(exceeded))) {
    sustained = exceeded;
    exceeded *= 2;
  }
  for (let left = maxHalvings; left > 0 && sustained === 0 && exceeded > 1 && goesOn(); left -= 1)
    await narrow();
  for (let left = refinements; left > 0 && sustained > 0 && goesOn(); left -= 1) await narrow();
  return { knee: sustained, points };
}

async function tryRate(send: Send, perSecond: number, options: SaturationOptions): Promise<RatePoint> {
  const { secondsEach, settleSeconds = 0.5, clock = realClock } = options;
  const result = await runOpenLoad(send, {
    arrivals: evenArrivals({ perSecond, seconds: settleSeconds + secondsEach }),
    warmUpMs: settleSeconds * 1000,
    drainMs,
    clock,
    ...(options.signal && { signal: options.signal }),
  });
  await Promise.race([result.settled, clock.delay(settleMs, { ref: false })]);
  const { p50, p99 } = result.latencies.summary();
  return {
    offeredPerSecond: perSecond,
    achievedPerSecond: result.achievedPerSecond,
    p50,
    p99,
    faults: faultCount(result),
    invalid: result.health.faults,
    sustained: isSustained(result),
  };
}

/** Whether the system kept up; of a generator that did not, nobody knows. */
export function isSustained(result: LoadResult): boolean {
  return (
    result.offered > 0 &&
    result.health.faults.length === 0 &&
    faultCount(result) === 0 &&
    result.latencies.percentile(99) <= maxP99Ms &&
    result.behind <= alwaysUnderWay + maxBehind * result.offered
  );
}

/** How many requests ended otherwise than they should. */
export function faultCount({ faults }: Pick<LoadResult, 'faults'>): number {
  return [...faults.values()].reduce((sum, count) => sum + count, 0);
}
