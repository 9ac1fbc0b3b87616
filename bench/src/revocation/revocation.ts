import { setTimeout as delay } from 'node:timers/promises';
import { type Stack, startStack } from '@latchkey/dev-stack';
import type { Benchmark, BenchmarkContext, Measurement } from '../benchmark.ts';
import { createTemporaryDirectory } from '../processes/temporary-directory.ts';
import { percentile, spreadOf } from '../statistics.ts';
import { type DoomedSession, startSessions } from './sessions.ts';
import { startWitness, type Testimony, type Witness } from './witness.ts';

const perSecond = 500;
const plans = { full: { signOuts: 1000 }, quick: { signOuts: 100 } };
/** How long the requests go on after the last service has refused: none may pass any more. */
const afterwardsMs = 15;
const mostMs = 10_000;
const boundMs = 50;

const watched = [
  ['cart', '/cart'],
  ['wishlist', '/wishlist'],
  ['payment', '/payments'],
] as const;

/** (6) How long a token lives on after its sign-out: from the moment that auth-service answers to the first refusal. */
export const revocation: Benchmark = {
  name: 'revocation',
  title: 'From sign-out to the first refusal at every service',
  seconds: { full: 130, quick: 20 },
  run,
};

async function run({ quick, progress, signal }: BenchmarkContext): Promise<Measurement> {
  const { signOuts } = quick ? plans.quick : plans.full;
  progress.step('starting the whole system');
  await using directory = await createTemporaryDirectory();
  const stack = await startStack({ directory: directory.path, ports: 'random', durable: false, signal });
  await using _ = { [Symbol.asyncDispose]: () => stack.stop() };
  progress.step(`signing in ${signOuts.toLocaleString('en')} times`);
  const sessions = await startSessions(stack.services.auth.url, signOuts);

  const witnesses = startWitnesses(stack);
  const testimonies: SignOut[] = [];
  try {
    for (const [index, session] of sessions.entries()) {
      signal.throwIfAborted();
      if (index % 50 === 0) progress.step(`sign-out ${index + 1} of ${signOuts.toLocaleString('en')}`);
      testimonies.push(await watchSignOut(session, witnesses));
    }
    return measurementOf(testimonies, witnesses);
  } finally {
    await Promise.all(witnesses.map((witness) => witness.stop()));
  }
}

function startWitnesses({ services }: Stack): Witness[] {
  return watched.map(([service, path]) => startWitness(services[service].url, path, { perSecond }));
}

type SignOut = { readonly answeredAt: number; readonly testimonies: readonly Testimony[] };

async function watchSignOut(session: DoomedSession, witnesses: readonly Witness[]): Promise<SignOut> {
  const testimonies = witnesses.map((witness) => witness.watch(session.accessToken));
  await until(() => testimonies.every(({ acceptedAt }) => acceptedAt !== undefined));
  await session.signOut();
  const answeredAt = performance.now();
  await until(() => testimonies.every(({ refusedAt }) => refusedAt !== undefined));
  await delay(afterwardsMs);
  return { answeredAt, testimonies };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + mostMs; !isSo(); await delay(1))
    if (performance.now() > end)
      throw new Error(`Not every service answered as it should within ${mostMs} ms.`);
}

function measurementOf(signOuts: readonly SignOut[], witnesses: readonly Witness[]): Measurement {
  // A service that refuses before the answer to the sign-out has come back is not earlier than at once.
  const latencies = watched.map((_, service) =>
    signOuts.map(({ answeredAt, testimonies }) =>
      Math.max(0, (testimonies[service]?.refusedAt ?? Number.POSITIVE_INFINITY) - answeredAt),
    ),
  );
  const accepted = watched.map((_, service) =>
    signOuts.reduce((sum, { testimonies }) => sum + (testimonies[service]?.acceptedAfterRefusal ?? 0), 0),
  );
  return {
    figures: [
      {
        name: 'from sign-out to the first refusal, median',
        values: latencies.map((each) => spreadOf(each).median),
        unit: 'ms',
      },
      {
        name: '· p99',
        values: latencies.map((each) => percentile(each, 0.99)),
        unit: 'ms',
        bound: { everyAtMost: boundMs },
      },
      { name: '· max', values: latencies.map((each) => spreadOf(each).max), unit: 'ms' },
      {
        name: 'requests accepted after the first refusal',
        values: accepted,
        unit: 'count',
        bound: { everyAtMost: 0 },
      },
    ],
    details: [
      ...watched.map(([service], index) => {
        const each = latencies[index] ?? [];
        const rate = Math.round(witnesses[index]?.rate() ?? 0);
        return `${service}: median ${spreadOf(each).median.toFixed(1)} ms, p99 ${percentile(each, 0.99).toFixed(1)} ms, max ${spreadOf(each).max.toFixed(1)} ms, at ${rate} requests/s`;
      }),
      `${signOuts.length.toLocaleString('en')} sign-outs, one after the other, while each service takes ${perSecond} requests/s with the token in question`,
      `the clock starts when the answer to DELETE /sessions/current has come, and is read to within ${1000 / perSecond} ms; a round is a service`,
    ],
  };
}
