/**
 * The source of time, replaceable for tests. When a token is first verified, the system's clock is checked as well, so
 * no clock given here can revive an expired token.
 */
export type Clock = {
  /** Milliseconds since 1970; jumps when the machine's time is set. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
};

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
