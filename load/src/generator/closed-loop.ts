import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';

export type ClosedLoad = {
  readonly url: string;
  readonly path: string;
  /** The Authorization headers that each connection sends in turn; undefined sends none. */
  readonly authorizations: readonly (string | undefined)[];
  readonly seconds: number;
  /** Called when the requests flow, and once more at the end of the seconds: what was used in between. */
  readonly look: () => Promise<Readonly<Record<string, number>>>;
};

export type ClosedRound = {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** By how much each thing that was looked at had grown. */
  readonly grown: Readonly<Record<string, number>>;
};

// Pipelined, so that autocannon needs less of its core than the server of its own.
const connections = 10;
const pipelining = 10;
const settleMs = 200;
const maxSeconds = 60;

/**
 * The ceiling: as many requests as a server can take, each connection sending the next when it has an answer (a closed
 * loop). For throughput and cost alone: such a generator leaves out the waiting of whoever would have come meanwhile.
 *
 * @throws Error when any answer is not 2xx: a refusal is no measure of anything
 */
export async function runClosedLoop(load: ClosedLoad): Promise<ClosedRound> {
  const { url, path, authorizations, seconds, look } = load;
  const run = autocannon({
    url,
    connections,
    pipelining,
    duration: maxSeconds,
    sampleInt: 50,
    requests: authorizations.map((authorization) => ({
      path,
      headers: authorization === undefined ? {} : { authorization },
    })),
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
  const { non2xx, errors, timeouts } = await run;
  const failed = non2xx + errors + timeouts;
  if (failed > 0) throw new Error(`${failed} requests to ${path} did not succeed.`);
  const requests = after.answered - before.answered;
  if (requests === 0) throw new Error(`Nothing came back from ${path} in ${seconds} s.`);
  const grown = Object.entries(after.used).map(([name, value]) => [name, value - (before.used[name] ?? 0)]);
  return {
    requestsPerSecond: (requests * 1000) / (after.atMs - before.atMs),
    requests,
    grown: Object.fromEntries(grown),
  };
}
