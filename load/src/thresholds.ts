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
  'wrongly accepted under fault': { atMost: 0 },
  'wrongly refused under fault': { atMost: 0 },
  'sessions lost under fault': { atMost: 0 },
  // Nobody but auth-service needs Redis, and no service needs auth-service to verify a token.
  'Redis restarted: shop requests served': { atLeast: 0.999 },
  'auth-service killed: shop requests served': { atLeast: 0.999 },
  'keys rotated: shop requests served': { atLeast: 0.999 },
  'storm of sign-outs: shop requests served': { atLeast: 0.999 },
  'browse p99': { atMost: 50 },
  'refresh p99': { atMost: 50 },
  'checkout p99': { atMost: 250 },
};
