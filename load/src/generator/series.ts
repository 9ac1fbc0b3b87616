import { Latencies } from './latencies.ts';

export type SecondOfLoad = {
  /** Counted from 0 at the beginning of the run. */
  readonly second: number;
  readonly started: number;
  /** Answered without a fault. */
  readonly completed: number;
  readonly faults: number;
  /** The 99th percentile of all requests that ended in this second, in milliseconds; 0 when none did. */
  readonly p99: number;
};

/** Reports a run second by second, while it goes on. Times are milliseconds from its beginning, in ascending order. */
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
    /** Ends the series and returns all seconds. The last one may be shorter. */
    end(): readonly SecondOfLoad[] {
      tell();
      return told;
    },
  };
}

function emptySecond() {
  return { started: 0, completed: 0, faults: 0, latencies: new Latencies() };
}
