import { build, type Histogram } from 'hdr-histogram-js';

/** Times in milliseconds. Percentiles are by nearest rank. */
export type LatencySummary = Readonly<
  Record<'p50' | 'p90' | 'p99' | 'p999' | 'max' | 'mean', number> & { count: number }
>;

const usPerMs = 1000;
/** Two minutes. A longer time is recorded as this. */
const maxUs = 120_000_000;

/** Records durations in an HDR histogram of microseconds: exact to three digits, in constant memory. */
export class Latencies {
  readonly #histogram: Histogram = build({
    bitBucketSize: 64,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: maxUs,
    numberOfSignificantValueDigits: 3,
  });

  record(ms: number): void {
    this.#histogram.recordValue(Math.min(maxUs, Math.max(1, Math.round(ms * usPerMs))));
  }

  add(other: Latencies): void {
    this.#histogram.add(other.#histogram);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** The time in milliseconds that this percentage of all did not exceed; 0 when there are none. */
  percentile(percent: number): number {
    return this.#histogram.getValueAtPercentile(percent) / usPerMs;
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: this.#histogram.maxValue / usPerMs,
      mean: this.#histogram.mean / usPerMs,
    };
  }

  /** The percentiles for a plot, as pairs of percent and milliseconds. They are denser toward the end. */
  curve(): [number, number][] {
    const percents: number[] = [];
    for (let tail = 100; tail > 0.01; tail /= 1.25) percents.push(100 - tail);
    return percents.map((percent) => [percent, this.percentile(percent)]);
  }
}
