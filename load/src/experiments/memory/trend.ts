import { medianOf } from '../../report/statistics.ts';

/** A value and its time, in seconds. */
export type Sample = readonly [atSeconds: number, value: number];

/**
 * The growth of the values per second: the median of the slopes between any two of them (Theil and Sen), so that
 * neither the saw-tooth of a garbage collector nor a single peak counts as growth. 0 for fewer than two values.
 */
export function slopePerSecond(samples: readonly Sample[]): number {
  const slopes = samples.flatMap(([from, start], index) =>
    samples.slice(index + 1).flatMap(([to, end]) => (to > from ? [(end - start) / (to - from)] : [])),
  );
  return slopes.length === 0 ? 0 : medianOf(slopes);
}

/**
 * By how much the least value of the second half is above that of the first; 0 when it is not. This suits a heap:
 * between two collections it rises even if nothing is kept, sometimes for minutes. A heap that is as low again as
 * before has kept nothing.
 */
export function riseOfLowPoints(samples: readonly Sample[]): number {
  const middle = ((samples[0]?.[0] ?? 0) + (samples.at(-1)?.[0] ?? 0)) / 2;
  const least = (half: (atSeconds: number) => boolean) =>
    Math.min(...samples.filter(([atSeconds]) => half(atSeconds)).map(([, value]) => value));
  const rise = least((atSeconds) => atSeconds > middle) - least((atSeconds) => atSeconds <= middle);
  return Number.isFinite(rise) ? Math.max(0, rise) : 0;
}

/** Leaves out the first share of the time, in which caches fill. */
export function settled(samples: readonly Sample[], shareLeftOut: number): readonly Sample[] {
  const first = samples[0]?.[0] ?? 0;
  const last = samples.at(-1)?.[0] ?? 0;
  const from = first + (last - first) * shareLeftOut;
  return samples.filter(([atSeconds]) => atSeconds >= from);
}
