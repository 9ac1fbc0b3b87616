import { Latencies } from './latencies.ts';

/** What happened in one second of a run. */
export type SecondOfLoad = {
  /** Counted from the beginning. */
  readonly second: number;
  readonly started: number;
  /** Answered without a fault. */
  readonly completed: number;
  readonly faults: number;
  /** Milliseconds, of all that ended in this second; 0 when nothing did. */
  readonly p99: number;
};

/** Tells a run second by second, while it goes on. Times are milliseconds from its beginning, and never go back. */
export function createSeries(onSecond: ((second: SecondOfLoad) => void) | undefined) {
  const told: SecondOfLoad[] = [];
  let current = emptySecond();

  function goTo(atMs: number): void {
    for (const second = Math.floor(atMs / 1000); told.length < second; current = emptySecond()) tell();
  }

  function tell(): void {
    const { latencies, ...counts } = current;
    const second = { second: told.length, ...counts, p99: latencies.percentile(99) };
    told.push(second);
    onSecond?.(second);
  }

  return {
    started(atMs: number): void {
      goTo(atMs);
      current.started += 1;
    },
    ended(atMs: number, { tookMs, isFault }: { tookMs: number; isFault: boolean }): void {
      goTo(atMs);
      current.latencies.record(tookMs);
      if (isFault) current.faults += 1;
      else current.completed += 1;
    },
    /** The last second, which need not be a whole one, and all before it. */
    end(): readonly SecondOfLoad[] {
      tell();
      return told;
    },
  };
}

function emptySecond() {
  return { started: 0, completed: 0, faults: 0, latencies: new Latencies() };
}
