import type { Clock } from '../src/index.ts';

export interface TestClock extends Clock {
  /** Lets this much time pass. */
  advance(seconds: number): void;
  /** Sets the wall clock, as an administrator or NTP does; no time passes. */
  step(seconds: number): void;
}

/** The system's clocks, from which they can be moved. */
export function createTestClock(): TestClock {
  let passedMs = 0;
  let steppedMs = 0;
  return {
    wallMs: () => Date.now() + passedMs + steppedMs,
    monotonicMs: () => performance.now() + passedMs,
    advance(seconds) {
      passedMs += seconds * 1000;
    },
    step(seconds) {
      steppedMs += seconds * 1000;
    },
  };
}
