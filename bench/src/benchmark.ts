import type { Progress } from './progress.ts';

/** What a figure must be for the run to pass. Ratios and times are held to their median, an amount that may not grow to its worst. */
export type Bound =
  | { readonly medianAtLeast: number }
  | { readonly medianAtMost: number }
  | { readonly everyAtMost: number };

/** One line of the summary. */
export type Figure = {
  readonly name: string;
  /** One value per round, or per thing measured. */
  readonly values: readonly number[];
  readonly unit: 'ratio' | 'bytes' | 'count' | 'ms';
  /** Absent: printed for comparison, and not judged. */
  readonly bound?: Bound;
};

export type Measurement = {
  readonly figures: readonly Figure[];
  /** What the ratios were made of, and what a reader must know to trust them: lines of text. */
  readonly details: readonly string[];
};

export type BenchmarkContext = {
  /** Fewer and shorter rounds: shows the shape, with a wider spread. */
  readonly quick: boolean;
  readonly progress: Progress;
  /** Aborted when the run is interrupted. */
  readonly signal: AbortSignal;
};

export type Benchmark = {
  readonly name: string;
  readonly title: string;
  /** About how long it takes, for the progress display. */
  readonly seconds: { readonly full: number; readonly quick: number };
  run(context: BenchmarkContext): Promise<Measurement>;
};
