import type { Clock } from '../src/index.ts';

export interface TestClock extends Clock {
  /** Advances both clocks. */
  advance(seconds: number): void;
  /** Sets only the wall clock, as an administrator or NTP does. */
  step(seconds: number): void;
}

/** The system's clocks, with an offset that tests can change. */
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
