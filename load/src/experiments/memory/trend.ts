/** A value at a time, in seconds. */
export type Sample = readonly [atSeconds: number, value: number];

/**
 * By how much the values grow in a second: the median of the slopes between any two of them (Theil and Sen), so that the
 * saw-tooth of a garbage collector and a single peak do not count as growth. 0 when there are fewer than two.
 */
export function slopePerSecond(samples: readonly Sample[]): number {
  const slopes = samples.flatMap(([from, start], index) =>
    samples.slice(index + 1).flatMap(([to, end]) => (to > from ? [(end - start) / (to - from)] : [])),
  );
  const sorted = slopes.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
  return (lower + upper) / 2;
}

/** Leaves out the first share of the time, in which caches fill. */
export function settled(samples: readonly Sample[], shareLeftOut: number): readonly Sample[] {
  const first = samples[0]?.[0] ?? 0;
  const last = samples.at(-1)?.[0] ?? 0;
  const from = first + (last - first) * shareLeftOut;
  return samples.filter(([atSeconds]) => atSeconds >= from);
}
