import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import type { MeasuredServer } from '../processes/measured-server.ts';

export type Load = {
  readonly server: MeasuredServer;
  readonly path: string;
  /** The Authorization headers that each connection sends in turn; undefined sends none. */
  readonly authorizations: readonly (string | undefined)[];
};

export type Round = {
  readonly requestsPerSecond: number;
  /** CPU time of the server for one request, in microseconds. */
  readonly cpuMicroseconds: number;
  /** How much of one core the server used: near 1, or something else was the bottleneck. */
  readonly serverCores: number;
};

type Snapshot = { readonly cpuSeconds: number; readonly answered: number; readonly at: number };

// Pipelined, so that autocannon needs less of its core than the server of its own. Asked one by one both need the
// same, and a slow client would hide what the server does.
const connections = 10;
const pipelining = 10;
const settleMs = 300;
const mostSeconds = 60;

/**
 * Loads one route with as many requests as it can take, and measures for some seconds once they flow.
 *
 * @throws Error when any answer is not 2xx: a refusal is no measure of anything
 */
export async function loadRoute({ server, path, authorizations }: Load, seconds: number): Promise<Round> {
  const requests = authorizations.map((authorization) => ({
    path,
    headers: authorization === undefined ? {} : { authorization },
  }));
  const run = autocannon({
    url: server.url,
    connections,
    pipelining,
    duration: mostSeconds,
    sampleInt: 50,
    requests,
  });
  let answered = 0;
  run.on('response', () => {
    answered += 1;
  });
  const look = async (): Promise<Snapshot> => ({
    cpuSeconds: await server.cpuSeconds(),
    answered,
    at: performance.now() / 1000,
  });

  let before: Snapshot;
  let after: Snapshot;
  try {
    await sleep(settleMs);
    before = await look();
    await sleep(seconds * 1000);
    after = await look();
  } finally {
    run.stop();
  }
  const result = await run;

  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0)
    throw new Error(`${failed} of ${failed + result['2xx']} requests to ${path} did not succeed.`);
  const requestCount = after.answered - before.answered;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const elapsedSeconds = after.at - before.at;
  return {
    requestsPerSecond: requestCount / elapsedSeconds,
    cpuMicroseconds: (cpuSeconds / requestCount) * 1e6,
    serverCores: cpuSeconds / elapsedSeconds,
  };
}
