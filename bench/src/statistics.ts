import type { Bound } from './benchmark.ts';

export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/**
 * Median and extremes. The whole range, not a deviation: with a handful of rounds it is the honest one to show.
 *
 * @throws RangeError without values, or when one of them is not a finite number
 * @example spreadOf([0.9, 0.7, 0.8]) // { median: 0.8, min: 0.7, max: 0.9 }
 */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('There is nothing to take the median of.');
  if (!values.every(Number.isFinite)) throw new RangeError(`Not a finite number: ${values.join(', ')}`);
  const sorted = values.toSorted((a, b) => a - b);
  const upper = at(sorted, Math.floor(sorted.length / 2));
  const lower = at(sorted, Math.ceil(sorted.length / 2) - 1);
  return { median: (lower + upper) / 2, min: at(sorted, 0), max: at(sorted, sorted.length - 1) };
}

/**
 * The smallest of the values that at least this share of them does not exceed (nearest rank).
 *
 * @throws RangeError as spreadOf does
 * @example percentile([1, 2, 3, 4], 0.5) // 2
 */
export function percentile(values: readonly number[], share: number): number {
  spreadOf(values);
  const rank = Math.ceil(values.length * share);
  return at(
    values.toSorted((a, b) => a - b),
    Math.max(0, rank - 1),
  );
}

/** Whether the values keep within the bound. Not rounded first: 0.8499 misses 0.85. */
export function meets(values: readonly number[], bound: Bound): boolean {
  const { median, max } = spreadOf(values);
  if ('medianAtLeast' in bound) return median >= bound.medianAtLeast;
  return 'medianAtMost' in bound ? median <= bound.medianAtMost : max <= bound.everyAtMost;
}

/** Divides round by round: what disturbs the machine for longer than a round disturbs both sides alike. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) throw new RangeError('Each round needs both sides.');
  return numerators.map((value, index) => value / at(denominators, index));
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`There is no value ${index}.`);
  return value;
}
