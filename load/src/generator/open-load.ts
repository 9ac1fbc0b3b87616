import type { Arrivals } from './arrivals.ts';
import { type Clock, realClock } from './clock.ts';
import { type GeneratorHealth, startHealth } from './health.ts';
import { Latencies } from './latencies.ts';
import { createSeries, type SecondOfLoad } from './series.ts';

/** The outcome of one request: 'ok', or the name of a fault. */
export type Outcome = string;

/** Sends one request. A rejection counts as a fault. */
export type Send = (index: number) => Promise<Outcome>;

export type LoadOptions = {
  readonly arrivals: Arrivals;
  /** Requests that are due in this time are sent but not counted. Default 0. */
  readonly warmUpMs?: number;
  /** How long to wait for answers after the last arrival. Default 10,000. */
  readonly drainMs?: number;
  /** The result is invalid if 1 % of the requests are sent later than this. Default 25, for latencies in ms. */
  readonly maxLagMs?: number;
  /** Called once a second. */
  readonly onSecond?: (second: SecondOfLoad) => void;
  readonly signal?: AbortSignal;
  /** Default: the real one. */
  readonly clock?: Clock;
};

export type LoadResult = {
  /** Requests that were due after the warm-up, and the seconds over which they were spread. */
  readonly offered: number;
  readonly seconds: number;
  /** All requests that were sent, including those of the warm-up. */
  readonly sent: number;
  /** How many of those offered were answered without a fault while requests were being sent, per second. */
  readonly achievedPerSecond: number;
  /** How many of those offered had no answer when the sending ended: many, if the system falls behind. */
  readonly behind: number;
  /** From the intended start to the end of the answer, for requests that were answered without a fault. */
  readonly latencies: Latencies;
  /** How often each fault occurred. `unfinished` counts the requests without an answer when the draining ended. */
  readonly faults: ReadonlyMap<string, number>;
  readonly health: GeneratorHealth;
  readonly series: readonly SecondOfLoad[];
  /** Resolves when all requests have ended, including those for which the draining did not wait. */
  readonly settled: Promise<unknown>;
};

/**
 * Sends requests by an absolute schedule, whether or not earlier ones were answered (an open model). Each latency
 * counts from the time at which the request was due. A stall of the server therefore shows in every request that was
 * due meanwhile. A generator that waits for answers would leave these requests out (coordinated omission).
 *
 * Does not limit how many requests are under way. If `send` has few connections, requests wait there.
 *
 * @example
 * const result = await runOpenLoad(send, { arrivals: evenArrivals({ perSecond: 200, seconds: 30 }) });
 * result.latencies.percentile(99);
 */
export async function runOpenLoad(send: Send, options: LoadOptions): Promise<LoadResult> {
  const { arrivals, warmUpMs = 0, drainMs = 10_000, maxLagMs, onSecond, signal, clock = realClock } = options;
  const latencies = new Latencies();
  const faults = new Map<string, number>();
  const health = startHealth(maxLagMs, clock);
  const series = createSeries(onSecond);
  const underWay = new Map<number, number>();
  const beganAt = clock.now();
  let offered = 0;
  let lastDueMs = 0;
  let isSending = true;
  let achieved = 0;
  const all = new Set<Promise<unknown>>();

  const start = (index: number, dueMs: number): void => {
    const counts = dueMs >= warmUpMs;
    if (counts) {
      offered += 1;
      health.sent(clock.now() - beganAt - dueMs);
    }
    series.started(clock.now() - beganAt);
    underWay.set(index, dueMs);
    const answered = send(index)
      .catch(faultOf)
      .then((outcome) => {
        all.delete(answered);
        // A request that ends after the draining has already been counted as unfinished.
        if (!underWay.delete(index)) return;
        const tookMs = clock.now() - beganAt - dueMs;
        series.ended(clock.now() - beganAt, { tookMs, isFault: outcome !== 'ok' });
        if (!counts) return;
        if (outcome === 'ok' && isSending) achieved += 1;
        if (outcome === 'ok') latencies.record(tookMs);
        else faults.set(outcome, (faults.get(outcome) ?? 0) + 1);
      });
    all.add(answered);
  };
  const countedUnderWay = () => [...underWay.values()].filter((dueMs) => dueMs >= warmUpMs).length;

  let index = 0;
  for (let next = arrivals.next(); next.done !== true && signal?.aborted !== true; ) {
    const elapsedMs = clock.now() - beganAt;
    if (next.value > elapsedMs) {
      await clock.delay(Math.max(1, next.value - elapsedMs - 1));
      continue;
    }
    lastDueMs = next.value;
    start(index, next.value);
    index += 1;
    next = arrivals.next();
  }
  isSending = false;
  const behind = countedUnderWay();
  const givenUpAt = clock.now() + drainMs;
  while (underWay.size > 0 && clock.now() < givenUpAt && signal?.aborted !== true) await clock.delay(5);
  const unfinished = countedUnderWay();
  underWay.clear();
  if (unfinished > 0) faults.set('unfinished', unfinished);
  const seconds = Math.max(0.001, (lastDueMs - warmUpMs) / 1000);
  return {
    offered,
    seconds,
    sent: index,
    achievedPerSecond: achieved / seconds,
    behind,
    latencies,
    faults,
    health: health.stop(),
    series: series.end(),
    settled: Promise.all(all),
  };
}

/** The reason why there was no answer: the error code of undici or of the system, if there is one. */
function faultOf(error: unknown): Outcome {
  if (!(error instanceof Error)) return 'failed';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
