/**
 * Where time comes from. Replaceable so that tests can move it; the system's clock is always asked as well when a
 * token is first verified, so no clock given here can revive an expired token.
 */
export interface Clock {
  /** Milliseconds since 1970; may be stepped by whoever sets the machine's time. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
