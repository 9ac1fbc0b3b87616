/** The clock of one machine, which all its tabs share. */
export type FakeClock = {
  now(): number;
  /** Returns a function that cancels the timer. */
  setTimer(run: () => void, delayMs: number): () => void;
  /** Advances the clock and runs the timers that are due, in order. */
  advance(ms: number): void;
  /** Changes the time without running timers, as when a machine sleeps or its clock is set. */
  step(ms: number): void;
};

export function createFakeClock(): FakeClock {
  let nowMs = Date.now();
  let elapsedMs = 0;
  const timers = new Set<{ readonly run: () => void; readonly atMs: number }>();

  function pass(toMs: number): void {
    nowMs += toMs - elapsedMs;
    elapsedMs = toMs;
  }

  return {
    now: () => nowMs,
    setTimer(run, delayMs) {
      const timer = { run, atMs: elapsedMs + delayMs };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const endMs = elapsedMs + ms;
      for (;;) {
        const [due] = [...timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
        if (due === undefined) break;
        timers.delete(due);
        pass(due.atMs);
        due.run();
      }
      pass(endMs);
    },
    step(ms) {
      nowMs += ms;
    },
  };
}
