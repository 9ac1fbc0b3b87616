const perDoubling = 64;
const leastMs = 0.01;
const buckets = perDoubling * 24;

/** Counts delays in logarithmic buckets: a percentile is exact to one per cent. */
export class Delays {
  readonly #counts = new Uint32Array(buckets);
  #count = 0;

  /** All delays of these. */
  static of(parts: readonly Delays[]): Delays {
    const all = new Delays();
    for (const part of parts) {
      all.#count += part.#count;
      for (const [bucket, count] of part.#counts.entries())
        all.#counts[bucket] = (all.#counts[bucket] ?? 0) + count;
    }
    return all;
  }

  record(delayMs: number): void {
    const bucket = Math.floor(Math.log2(Math.max(delayMs, leastMs) / leastMs) * perDoubling);
    const index = Math.min(bucket, buckets - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  /** In milliseconds; NaN without delays. */
  percentile(percent: number): number {
    let left = (this.#count * percent) / 100;
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return leastMs * 2 ** ((bucket + 0.5) / perDoubling);
    }
    return Number.NaN;
  }
}
