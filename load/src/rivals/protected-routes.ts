import { runClosedLoop } from '../generator/closed-loop.ts';
import { startMeasuredServer } from '../processes/measured-server.ts';
import type { Context, SectionResult } from '../section.ts';
import { freshen } from '../system/people.ts';
import { type Contender, medianAndRange, playRounds, plotRounds, ratios } from './rounds.ts';

const plans = {
  full: { rounds: 5, seconds: 2, warmUpSeconds: 1 },
  quick: { rounds: 2, seconds: 0.6, warmUpSeconds: 0.4 },
};
const servers = [
  { name: 'Fastify, no check', script: 'protected-fastify.ts', kind: 'none' },
  { name: 'Latchkey in Fastify', script: 'protected-fastify.ts', kind: 'latchkey' },
  { name: '@fastify/jwt + get-jwks', script: 'protected-fastify.ts', kind: 'fastify-jwt' },
  { name: 'jose in Fastify', script: 'protected-fastify.ts', kind: 'jose' },
  { name: 'Express, no check', script: 'protected-express.ts', kind: 'none' },
  {
    name: 'express-oauth2-jwt-bearer',
    script: 'protected-express.ts',
    kind: 'express-oauth2-jwt-bearer',
  },
] as const;

type RouteRound = { readonly perSecond: number; readonly cpuMicroseconds: number };

/** What a check of the access token costs one route, by each of those who do it. */
export async function compareProtectedRoutes(context: Context): Promise<SectionResult> {
  const { world, system, signal } = context;
  await freshen(world.http.auth, world.people);
  const tokens = world.people.map(({ accessToken }) => accessToken);
  const authorizations = tokens.map((token) => `Bearer ${token}`);
  await using resources = new AsyncDisposableStack();
  const contenders: Contender<RouteRound>[] = [];
  for (const { name, script, kind } of servers) {
    const server = await startMeasuredServer({
      script: new URL(`./servers/${script}`, import.meta.url),
      args: [kind, issuerOf(tokens[0]), system.urls.auth],
      env: { NODE_ENV: 'production' },
      signal,
    });
    resources.use(server);
    const look = async () => ({ cpu: await server.cpuSeconds() });
    contenders.push({
      name,
      rounds: [],
      async play(seconds) {
        const load = { url: server.url, path: '/', authorizations, seconds, look };
        const { requestsPerSecond, requests, grown } = await runClosedLoop(load);
        const cpuMicroseconds = ((grown['cpu'] ?? Number.NaN) * 1e6) / requests;
        return { perSecond: requestsPerSecond, cpuMicroseconds };
      },
    });
  }
  await playRounds(contenders, context.quick ? plans.quick : plans.full, context);
  return describe(contenders);
}

function describe(contenders: readonly Contender<RouteRound>[]): SectionResult {
  const cpuOf = ({ rounds }: Contender<RouteRound>) => rounds.map(({ cpuMicroseconds }) => cpuMicroseconds);
  const rateOf = ({ rounds }: Contender<RouteRound>) => rounds.map(({ perSecond }) => perSecond);
  const baseline = contenders[0] === undefined ? [] : cpuOf(contenders[0]);
  return {
    figures: contenders.map((each) => ({
      name: `CPU of a request: ${each.name}`,
      unit: 'CPU µs' as const,
      values: cpuOf(each),
    })),
    tables: [
      {
        title: 'One protected route, as many requests as it can take',
        columns: ['who', 'CPU µs each', 'lowest', 'highest', '× Fastify without a check', 'requests/s'],
        rows: contenders.map((each) => [
          each.name,
          ...medianAndRange(cpuOf(each)),
          medianAndRange(ratios(cpuOf(each), baseline))[0],
          medianAndRange(rateOf(each))[0],
        ]),
      },
    ],
    plots: [
      plotRounds(contenders, {
        title: 'CPU of one request to a protected route',
        y: 'CPU µs for each request',
        of: ({ cpuMicroseconds }) => cpuMicroseconds,
      }),
    ],
    notes: [
      'Protected routes: the same tokens of auth-service for all, over the same 10 connections; each server alone in its process and as its README shows it. Nobody follows revocations here, because only ours can: what that costs is in the part about what auth costs.',
      'Latchkey remembers tokens that it has verified, and looks at their expiry and key again each time; the others verify the signature for each request.',
    ],
    invalid: [],
  };
}

/** What the token says who made it: auth-service's name, which need not be the address that it is called by. */
function issuerOf(token = ''): string {
  const [, payload = ''] = token.split('.');
  return String(JSON.parse(Buffer.from(payload, 'base64url').toString()).iss);
}
