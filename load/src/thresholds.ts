/** What a figure must be, by its median over the rounds. */
export type Threshold = { readonly atMost: number } | { readonly atLeast: number };

/**
 * What must hold, by the names of figures. Ratios and errors hold on any machine; times are generous, for a small and
 * shared one.
 */
export const THRESHOLDS: Readonly<Record<string, Threshold>> = {
  'sign-in faults': { atMost: 0 },
  'refresh faults': { atMost: 0 },
  'browse faults': { atMost: 0 },
  'checkout faults': { atMost: 0 },
  'move to cart faults': { atMost: 0 },
  '5 % bad tokens faults': { atMost: 0 },
  'browse p99': { atMost: 50 },
  'refresh p99': { atMost: 50 },
  'checkout p99': { atMost: 250 },
};
