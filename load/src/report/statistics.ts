export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** The middle of the values, or the mean of the two in the middle; NaN without any. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** Median and extremes. The whole range, not a deviation: with a handful of rounds it is the honest one to show. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: medianOf(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Divides round by round: what disturbs the machine for longer than a round disturbs both sides alike. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  return numerators.map((value, index) => value / (denominators[index] ?? Number.NaN));
}
