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
  /** The reasons why the point says nothing about the system; empty when there are none. */
  readonly invalid: readonly string[];
  readonly sustained: boolean;
};

export type Saturation = {
  /** The highest rate that was sustained, per second. */
  readonly knee: number;
  /** In the order in which the rates were tried. */
  readonly points: readonly RatePoint[];
};

export type SaturationOptions = {
  /** The rate at which the search begins, per second. It should surely be sustained. */
  readonly from: number;
  readonly secondsEach: number;
  /** How long each rate runs before it counts. Default 0.5. */
  readonly settleSeconds?: number;
  /** How often the interval between a rate that is sustained and one that is not is halved. */
  readonly refinements: number;
  readonly onPoint?: (point: RatePoint) => void;
  readonly signal?: AbortSignal;
  /** Default: the real one. */
  readonly clock?: Clock;
};

/** How often the first rate is halved if it is not sustained after all. */
const maxHalvings = 4;
/** A rate is sustained if nothing fails, 99 % are answered within this, and at most 5 % are behind at the end. */
const maxP99Ms = 250;
const maxBehind = 0.05;
/** A few slow requests are under way when the sending ends, even if the system keeps up. */
const alwaysUnderWay = 2;
const drainMs = 3000;
/** How long to wait for requests that are still under way then, so that they do not burden the next rate. */
const settleMs = 15_000;
const highest = 50_000;

/**
 * Finds the highest rate that the system sustains. Between two rates it waits up to 15 s for remaining answers, so that
 * one rate does not burden the next.
 *
 * @example
 * const { knee } = await findSaturation(send, { from: 100, secondsEach: 4, refinements: 4 });
 */
export function findSaturation(send: Send, options: SaturationOptions): Promise<Saturation> {
  return searchKnee((perSecond) => tryRate(send, perSecond, options), options);
}

type SearchOptions = Pick<SaturationOptions, 'from' | 'refinements' | 'onPoint' | 'signal'>;

/**
 * Doubles the rate until it is not sustained, and then halves the interval. If the first rate is not sustained, it is
 * halved until one is.
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

/** Whether the system kept up. False if the generator did not, because the result then says nothing. */
export function isSustained(result: LoadResult): boolean {
  return (
    result.offered > 0 &&
    result.health.faults.length === 0 &&
    faultCount(result) === 0 &&
    result.latencies.percentile(99) <= maxP99Ms &&
    result.behind <= alwaysUnderWay + maxBehind * result.offered
  );
}

export function faultCount({ faults }: Pick<LoadResult, 'faults'>): number {
  return [...faults.values()].reduce((sum, count) => sum + count, 0);
}
