import { type KeyObject, sign } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { createSigningKey } from '@latchkey/auth-client/testing';
import type { Benchmark, BenchmarkContext, Measurement } from '../benchmark.ts';
import type { MeasuredServer } from '../processes/measured-server.ts';
import { createTemporaryDirectory } from '../processes/temporary-directory.ts';
import { ratios, spreadOf } from '../statistics.ts';
import { startAuthService } from './auth-service.ts';
import { type SessionClient, signInClients } from './session-client.ts';

const plans = {
  full: { rounds: 6, signSeconds: 1.5, refreshSeconds: 4, warmUpSeconds: 4 },
  quick: { rounds: 3, signSeconds: 0.4, refreshSeconds: 1.2, warmUpSeconds: 1.5 },
};
const sessions = 32;
// The length of what is signed for a customer's access token; it hardly matters beside the RSA operation.
const signingInput = Buffer.alloc(700, 'a');

type RefreshRound = { readonly perSecond: number; readonly cpuMicroseconds: number };

/** (3) How near refreshing a session comes to the one thing in it that cannot be made cheaper: an RSA signature. */
export const refreshRate: Benchmark = {
  name: 'refresh-rate',
  title: 'Refreshes',
  seconds: { full: 45, quick: 11 },
  run,
};

async function run({ quick, progress, signal }: BenchmarkContext): Promise<Measurement> {
  const plan = quick ? plans.quick : plans.full;
  progress.step('starting Postgres, Redis and auth-service');
  await using directory = await createTemporaryDirectory();
  await using server = await startAuthService(directory.path, signal);
  progress.step(`signing in ${sessions} times`);
  const clients = await signInClients(server.url, sessions);
  await using _ = {
    [Symbol.asyncDispose]: async () => void (await Promise.all(clients.map((each) => each.close()))),
  };
  const { privateKey } = await createSigningKey();

  progress.step('warming up');
  await refreshFor(plan.warmUpSeconds, { clients, server });
  const signatures: number[] = [];
  const refreshes: RefreshRound[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    signal.throwIfAborted();
    progress.step(`round ${round} of ${plan.rounds}`);
    signatures.push(signFor(plan.signSeconds, privateKey));
    refreshes.push(await refreshFor(plan.refreshSeconds, { clients, server }));
  }
  return measurementOf(signatures, refreshes);
}

function measurementOf(signatures: readonly number[], refreshes: readonly RefreshRound[]): Measurement {
  const rates = refreshes.map(({ perSecond }) => perSecond);
  const cpu = spreadOf(refreshes.map(({ cpuMicroseconds }) => cpuMicroseconds)).median;
  const show = (values: readonly number[]) => Math.round(spreadOf(values).median).toLocaleString('en');
  const signMicroseconds = 1e6 / spreadOf(signatures).median;
  return {
    figures: [
      {
        name: 'refreshes/s of one auth-service against bare sign/s',
        values: ratios(rates, signatures),
        unit: 'ratio',
        bound: { medianAtLeast: 0.6 },
      },
    ],
    details: [
      `POST /token over ${sessions} connections, each its own session: ${show(rates)}/s, ${cpu.toFixed(0)} µs CPU each`,
      `crypto.sign('sha256', …, KeyObject), 2048 bits, on one thread: ${show(signatures)}/s, ${signMicroseconds.toFixed(0)} µs each`,
      `client, auth-service, Redis and Postgres share ${availableParallelism()} cores; auth-service signs in its thread pool`,
    ],
  };
}

/** Signatures per second on this thread, while nothing else runs. */
function signFor(seconds: number, key: KeyObject): number {
  const startedAt = performance.now();
  let count = 0;
  let elapsedMs = 0;
  for (; elapsedMs < seconds * 1000; elapsedMs = performance.now() - startedAt) {
    sign('sha256', signingInput, key);
    count += 1;
  }
  return (count / elapsedMs) * 1000;
}

async function refreshFor(
  seconds: number,
  { clients, server }: { clients: readonly SessionClient[]; server: MeasuredServer },
): Promise<RefreshRound> {
  const cpuBefore = await server.cpuSeconds();
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  let count = 0;
  const keepRefreshing = async (client: SessionClient) => {
    while (performance.now() < endAt) {
      await client.refresh();
      count += 1;
    }
  };
  await Promise.all(clients.map(keepRefreshing));
  const elapsedMs = performance.now() - startedAt;
  const cpuSeconds = (await server.cpuSeconds()) - cpuBefore;
  return { perSecond: (count / elapsedMs) * 1000, cpuMicroseconds: (cpuSeconds / count) * 1e6 };
}
