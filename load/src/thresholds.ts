import { margins } from './scale/one-region.ts';

/** The bound of a figure's median over the rounds. A figure with fewer than `fewestRounds` is not judged. */
export type Threshold = ({ readonly atMost: number } | { readonly atLeast: number }) & {
  readonly fewestRounds?: number;
  /** The bound holds for every value, and not for the median. */
  readonly every?: true;
};

/**
 * The bounds, by the names of figures. Ratios and errors must meet them on any machine. Times are generous, so that a
 * small and shared machine meets them.
 */
export const thresholds: Readonly<Record<string, Threshold>> = {
  'sign-in faults': { atMost: 0 },
  'refresh faults': { atMost: 0 },
  'browse faults': { atMost: 0 },
  'checkout faults': { atMost: 0 },
  'move to cart faults': { atMost: 0 },
  '5 % bad tokens faults': { atMost: 0 },
  'wrongly accepted under fault': { atMost: 0 },
  'wrongly refused under fault': { atMost: 0 },
  'sessions lost under fault': { atMost: 0 },
  // With none, the oracle would have had nothing to judge.
  'Redis restarted: answers that had to be refusals': { atLeast: 1 },
  'cart-service killed: answers that had to be refusals': { atLeast: 1 },
  'auth-service killed: answers that had to be refusals': { atLeast: 1 },
  'keys rotated: answers that had to be refusals': { atLeast: 1 },
  'storm of sign-outs: answers that had to be refusals': { atLeast: 1 },
  'keys rotated: sign-outs not answered': { atMost: 0 },
  'storm of sign-outs: sign-outs not answered': { atMost: 0 },
  'Redis restarted: recovered within': { atMost: 3000 },
  'cart-service killed: recovered within': { atMost: 3000 },
  'auth-service killed: recovered within': { atMost: 3000 },
  'keys rotated: refreshes served': { atLeast: 0.999 },
  'storm of sign-outs: refreshes served': { atLeast: 0.999 },
  // Only auth-service needs Redis, and no service needs auth-service to verify a token.
  'Redis restarted: shop requests served': { atLeast: 0.999 },
  'auth-service killed: shop requests served': { atLeast: 0.999 },
  'keys rotated: shop requests served': { atLeast: 0.999 },
  'storm of sign-outs: shop requests served': { atLeast: 0.999 },
  'ratio of CPU of a request: token, and 100,000 revocations held': {
    atMost: 1 / 0.9,
    // Two short rounds may differ by a fifth.
    fewestRounds: 5,
  },
  // One ES256 verification takes five times as long as a request without a check.
  'ratio of CPU of a request: token bound to a key, proof per request': { atMost: 15, fewestRounds: 5 },
  // With sessions it is eight.
  'page of 8 services, shared store: token': { atMost: 0.5 },
  'page of 8 services, faults: token': { atMost: 0 },
  // A service holds a bounded amount: its caches are full by then, and nothing is left behind.
  'rise of the heap’s low points': { atMost: 10, every: true },
  'memory growth in 10 min': { atMost: 30, every: true },
  'memory growth in 10 min: Redis': { atMost: 5 },
  'faults in 10 min': { atMost: 0 },
  'accepted after the first refusal': { atMost: 0 },
  'revocation p50, idle': { atMost: 50, every: true },
  'revocation p50, 200/s': { atMost: 50, every: true },
  'revocation p50, 500/s': { atMost: 50, every: true },
  'revocation p99, idle': { atMost: 50, every: true },
  'revocation p99, 200/s': { atMost: 250, every: true },
  'revocation p99, 500/s': { atMost: 500, every: true },
  // The larger one to the smaller one: the margins of docs/scale.md.
  'simulated to measured revocation, p50': { atMost: margins.p50, every: true },
  'simulated to measured revocation, p99': { atMost: margins.p99, every: true },
  'ratio of first verifications/s': { atLeast: 0.6, fewestRounds: 20 },
  'ratio of refreshes/s to bare signatures/s': { atLeast: 0.6, fewestRounds: 5 },
  'refreshes/s, ours against node-oidc-provider': { atLeast: 1.5, fewestRounds: 5 },
  'bytes of a code flow in Redis, after its end: request, code and session': { atMost: 0 },
  'bytes of a session in Redis, after 10,000 rotations': { atMost: 400, every: true },
  'ratio of bytes of a session in Redis, after 10,000 rotations': { atMost: 1, every: true },
  'bytes of a revocation that a service holds': { atMost: 100 },
  'requests to auth-service for 1,000 checkouts of 50 people': { atMost: 150 },
  'first contentful paint of the page': { atMost: 1000 },
  // The most frequent requests, at half of the rate that the system sustains.
  'refresh p99 at half of the knee': { atMost: 25 },
  'refresh faults at half of the knee': { atMost: 0 },
  'browse faults at half of the knee': { atMost: 0 },
  'checkout faults at half of the knee': { atMost: 0 },
  'browse p99': { atMost: 50 },
  'refresh p99': { atMost: 50 },
  'checkout p99': { atMost: 250 },
};
