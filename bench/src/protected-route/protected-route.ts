import { join } from 'node:path';
import { createTestIssuer } from '@latchkey/auth-client/testing';
import type { Benchmark, BenchmarkContext, Measurement } from '../benchmark.ts';
import { startMeasuredServer } from '../processes/measured-server.ts';
import { createTemporaryDirectory } from '../processes/temporary-directory.ts';
import { ratios, spreadOf } from '../statistics.ts';
import { mintCustomerTokens } from '../tokens.ts';
import { bytesPerRevocation, heldRevocations } from './held-revocations.ts';
import { type Load, loadRoute, type Round } from './load.ts';

const plans = {
  full: { rounds: 7, seconds: 2.5, warmUpSeconds: 2 },
  quick: { rounds: 3, seconds: 0.7, warmUpSeconds: 0.7 },
};
const tokenCount = 500;
const leastRatio = { medianAtLeast: 0.85 };
const held = heldRevocations.toLocaleString('en');

/** (1) How many of its requests a route still answers once it is protected. */
export const protectedRoute: Benchmark = {
  name: 'protected-route',
  title: 'Protected route',
  seconds: { full: 115, quick: 24 },
  run,
};

type Contender = Load & { readonly name: string; readonly rounds: Round[] };

async function run({ quick, progress, signal }: BenchmarkContext): Promise<Measurement> {
  const plan = quick ? plans.quick : plans.full;
  await using directory = await createTemporaryDirectory();
  const issuer = await createTestIssuer();
  await using _ = { [Symbol.asyncDispose]: () => issuer.close() };
  const start = (kind: 'ours' | 'revoked' | 'rival') =>
    startMeasuredServer({
      script: new URL('./server.ts', import.meta.url),
      args: [kind, issuer.issuer, issuer.jwksUri],
      logFile: join(directory.path, `${kind}.log`),
      signal,
    });
  await using ours = await start('ours');
  await using revoked = await start('revoked');
  await using rival = await start('rival');

  const authorizations = mintCustomerTokens(issuer, tokenCount).map((token) => `Bearer ${token}`);
  const contender = (name: string, load: Load): Contender => ({ ...load, name, rounds: [] });
  const plain: Load = {
    server: ours,
    path: '/unprotected',
    authorizations: Array(tokenCount).fill(undefined),
  };
  const unprotected = contender('unprotected', plain);
  const ignored = contender('unprotected, token sent and ignored', { ...plain, authorizations });
  const authClient = contender('auth-client', { server: ours, path: '/protected', authorizations });
  const holding = contender(`auth-client, ${held} revocations held`, {
    server: revoked,
    path: '/protected',
    authorizations,
  });
  const readme = contender('@fastify/jwt + get-jwks', { server: rival, path: '/protected', authorizations });
  const contenders = [unprotected, ignored, authClient, holding, readme];

  for (const each of contenders) {
    signal.throwIfAborted();
    progress.step(`warming up, ${each.name}`);
    await loadRoute(each, plan.warmUpSeconds);
  }
  for (let round = 1; round <= plan.rounds; round += 1) {
    // There and back again, so that no contender always runs after the same one.
    for (const each of round % 2 === 0 ? contenders.toReversed() : contenders) {
      signal.throwIfAborted();
      progress.step(`round ${round} of ${plan.rounds}, ${each.name}`);
      each.rounds.push(await loadRoute(each, plan.seconds));
    }
  }
  return measurementOf({ unprotected, ignored, authClient, holding, readme });
}

type Contenders = Record<'unprotected' | 'ignored' | 'authClient' | 'holding' | 'readme', Contender>;

function measurementOf({ unprotected, ignored, authClient, holding, readme }: Contenders): Measurement {
  const rate = ({ rounds }: Contender) => rounds.map(({ requestsPerSecond }) => requestsPerSecond);
  const work = ({ rounds }: Contender) => rounds.map(({ cpuMicroseconds }) => cpuMicroseconds);
  return {
    figures: [
      {
        name: 'protected route, requests/s against unprotected',
        values: ratios(rate(authClient), rate(unprotected)),
        unit: 'ratio',
        bound: leastRatio,
      },
      {
        name: "· by the server's CPU time per request",
        values: ratios(work(unprotected), work(authClient)),
        unit: 'ratio',
        // Both ratios agree when nothing else runs. When something does, requests/s say little, and could say "met".
        bound: leastRatio,
      },
      {
        name: `· the same, with ${held} revocations held`,
        values: ratios(work(unprotected), work(holding)),
        unit: 'ratio',
        bound: leastRatio,
      },
      {
        name: '· against unprotected, token sent and ignored',
        values: ratios(rate(authClient), rate(ignored)),
        unit: 'ratio',
      },
      {
        name: '· @fastify/jwt + get-jwks in its place',
        values: ratios(rate(readme), rate(unprotected)),
        unit: 'ratio',
      },
      {
        name: 'a revocation that is held, memory',
        values: [bytesPerRevocation()],
        unit: 'bytes',
        bound: { everyAtMost: 100 },
      },
    ],
    details: [unprotected, ignored, authClient, holding, readme].map(describe),
  };
}

function describe({ name, rounds }: Contender): string {
  const median = (of: keyof Round) => spreadOf(rounds.map((round) => round[of])).median;
  const rate = Math.round(median('requestsPerSecond')).toLocaleString('en');
  const cores = median('serverCores');
  const doubt = cores < 0.95 ? ' (not all of one: trust its CPU time more than its requests/s)' : '';
  const cost = `${median('cpuMicroseconds').toFixed(1)} µs of CPU each`;
  return `${name}: ${rate} requests/s, ${cost}; the server used ${Math.round(cores * 100)} % of a core${doubt}`;
}
