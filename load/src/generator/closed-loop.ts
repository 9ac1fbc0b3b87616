import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';

export type RequestHeaders = Readonly<Record<string, string>>;

export type ClosedLoad = {
  readonly url: string;
  readonly path: string;
  /** The headers of requests, which each connection sends in turn; or a function that makes those of the next request. */
  readonly headers: readonly RequestHeaders[] | (() => RequestHeaders);
  readonly seconds: number;
  /** Returns counters. Called when the requests flow, and once more after the seconds. */
  readonly look: () => Promise<Readonly<Record<string, number>>>;
};

export type ClosedRound = {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** By how much each counter of `look` has grown. */
  readonly grown: Readonly<Record<string, number>>;
};

// Pipelined, so that autocannon uses less CPU time than the server, and the server is the limit.
const connections = 10;
const pipelining = 10;
const settleMs = 200;
const maxSeconds = 60;

/**
 * Measures how many requests a server can take: each connection sends the next one when it has an answer (a closed
 * loop). Suits throughput and cost only: it leaves out the waiting of people who would have come meanwhile.
 *
 * @throws Error when an answer is not 2xx, because a refusal would distort the figures, or when no answer came
 */
export async function runClosedLoop(load: ClosedLoad): Promise<ClosedRound> {
  const { url, path, headers, seconds, look } = load;
  const run = autocannon({
    url,
    connections,
    pipelining,
    duration: maxSeconds,
    sampleInt: 50,
    requests:
      typeof headers === 'function'
        ? [{ path, setupRequest: (request) => ({ ...request, headers: headers() }) }]
        : headers.map((each) => ({ path, headers: each })),
  });
  let answered = 0;
  run.on('response', () => {
    answered += 1;
  });
  const lookNow = async () => ({ used: await look(), answered, atMs: performance.now() });
  let before: Awaited<ReturnType<typeof lookNow>>;
  let after: typeof before;
  try {
    await delay(settleMs);
    before = await lookNow();
    await delay(seconds * 1000);
    after = await lookNow();
  } finally {
    run.stop();
  }
  const result = await run;
  const { non2xx, errors, timeouts } = result;
  const failed = non2xx + errors + timeouts;
  if (failed > 0) {
    const why = `4xx: ${result['4xx']}, 5xx: ${result['5xx']}, no answer: ${errors + timeouts}`;
    throw new Error(`${failed} requests to ${path} did not succeed (${why}).`);
  }
  const requests = after.answered - before.answered;
  if (requests === 0) throw new Error(`Nothing came back from ${path} in ${seconds} s.`);
  const grown = Object.entries(after.used).map(([name, value]) => [name, value - (before.used[name] ?? 0)]);
  return {
    requestsPerSecond: (requests * 1000) / (after.atMs - before.atMs),
    requests,
    grown: Object.fromEntries(grown),
  };
}
