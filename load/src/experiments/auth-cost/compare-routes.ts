import { type ClosedRound, runClosedLoop } from '../../generator/closed-loop.ts';
import { startMeasuredServer } from '../../processes/measured-server.ts';
import { medianOf, ratios, spreadOf } from '../../report/statistics.ts';
import type { Context, Figure, SectionResult, Table } from '../../section.ts';
import { freshen } from '../../system/people.ts';
import { type Contender, playRounds, plotRounds, type RoundPlan } from '../rounds.ts';
import { bindPeople, proofsFor } from './bound-visitors.ts';
import {
  askingPostgres,
  isBound,
  settingsOf,
  settingsVariable,
  sharedParts,
  type Way,
  wayTitles,
} from './settings.ts';
import { lookAtShared } from './shared-use.ts';
import { createVisitors } from './visitors.ts';

const scripts = {
  fastify: new URL('./server.ts', import.meta.url),
  express: new URL('../../rivals/servers/protected-express.ts', import.meta.url),
};

/** How many proofs are signed before a round, for each of its seconds. More than a service verifies. */
const proofsPerSecond = 12_000;

type RouteContender = Contender<ClosedRound> & { readonly way: Way };

/**
 * Measures one route behind each of these ways to decide whether a request may pass, each in its own server. The first
 * way must have no check: the others are compared with it. Only the ways in `told` yield figures.
 */
export async function compareRoutes(
  context: Context,
  { ways, told, plan }: { ways: readonly Way[]; told: readonly Way[]; plan: RoundPlan },
): Promise<SectionResult> {
  const { world, redis, system, tell, signal } = context;
  if (redis === undefined) throw new Error('Routes can be compared beside a system of our own only.');
  await freshen(world.http.auth, world.people);
  const visitors = await createVisitors(world.people, redis);
  const bound = ways.some(isBound) ? await bindPeople(world.http.auth, world.people) : [];
  await using servers = new AsyncDisposableStack();
  servers.defer(() => visitors.forget());
  const env = {
    [settingsVariable]: JSON.stringify(await settingsOf(system)),
    NODE_ENV: 'production',
  };
  tell('starting a server for each way');
  const contenders = await Promise.all(
    ways.map(async (way): Promise<RouteContender> => {
      const script = scripts[way.startsWith('express') ? 'express' : 'fastify'];
      // A service remembers a bounded number of proofs. So each round has a service of its own, in the same process.
      const services = isBound(way) ? plan.rounds + 1 : 1;
      const args = [String(services), way];
      const server = servers.use(await startMeasuredServer({ script, args, env, signal }));
      const urls = server.urls.values();
      const look = async () => ({
        serverCpu: await server.cpuSeconds(),
        ...(await lookAtShared(world.http.auth, redis)),
      });
      const path = `/${way}`;
      return {
        way,
        name: wayTitles[way],
        rounds: [],
        async play(seconds) {
          const url = urls.next().value ?? server.url;
          const headers = isBound(way)
            ? await proofsFor(bound, { origin: url, path, count: Math.ceil(seconds * proofsPerSecond) })
            : visitors.headersFor(way);
          return runClosedLoop({ url, path, headers, seconds, look });
        },
      };
    }),
  );
  await playRounds(contenders, plan, context);
  return {
    figures: contenders
      .filter(({ way }) => told.includes(way))
      .flatMap((each) => [...figuresOf(each, contenders[0]), ...besideBearer(each, contenders)]),
    tables: [costTable(contenders)],
    plots: [
      plotRounds(contenders, {
        title: 'Ceiling of one service, round by round',
        y: 'requests/s',
        of: ({ requestsPerSecond }) => requestsPerSecond,
      }),
    ],
    notes: [
      'One route with a small answer, in one process for each way; each gets as many requests as it can take over 10 connections, with a token or a session id unless it has no check. The ways take turns, there and back.',
      'CPU time of one request is that of all who take part in it: the service, and where it asks them, auth-service and Redis. It depends less than requests/s on what else this machine does, and on how many cores it has.',
    ],
    invalid: [],
  };
}

/** CPU time that these parts used for one request, in microseconds. */
function cpuOf({ grown, requests }: ClosedRound, parts: readonly string[]): number {
  return (parts.reduce((sum, part) => sum + (grown[part] ?? 0), 0) / requests) * 1e6;
}

/** CPU time that all parts used for one request, in microseconds, round by round. */
function wholeCpuOf({ way, rounds }: RouteContender): number[] {
  return rounds.map((round) => cpuOf(round, ['serverCpu', ...(sharedParts[way] ?? [])]));
}

function ratesOf({ rounds }: RouteContender): number[] {
  return rounds.map(({ requestsPerSecond }) => requestsPerSecond);
}

function figuresOf(each: RouteContender, unprotected: RouteContender | undefined): Figure[] {
  const measured = [
    { what: 'requests/s', unit: '1/s', of: ratesOf },
    { what: 'CPU of a request', unit: 'CPU µs', of: wholeCpuOf },
  ] as const;
  return measured
    .filter(({ of }) => of === ratesOf || each.way !== askingPostgres)
    .flatMap(({ what, unit, of }): Figure[] => {
      const own = { name: `${what}: ${each.name}`, unit, values: of(each) };
      if (unprotected === undefined || each === unprotected) return [own];
      const values = ratios(of(each), of(unprotected));
      return [own, { name: `ratio of ${what}: ${each.name}`, against: unprotected.name, unit: '', values }];
    });
}

/** What a bound token costs beside the same token without a key. */
function besideBearer(each: RouteContender, contenders: readonly RouteContender[]): Figure[] {
  const bearer = contenders.find(({ way }) => way === 'local');
  if (each.way !== 'bound' || bearer === undefined) return [];
  return [
    {
      name: `ratio of CPU of a request: ${each.name}, to a bearer token`,
      against: bearer.name,
      unit: '',
      values: ratios(wholeCpuOf(each), wholeCpuOf(bearer)),
    },
  ];
}

function costTable(contenders: readonly RouteContender[]): Table {
  const [unprotected] = contenders;
  const ceiling = unprotected === undefined ? Number.NaN : medianOf(ratesOf(unprotected));
  return {
    title: 'A protected route: ceiling, and CPU of each request',
    columns: [
      'way',
      'requests/s',
      'from',
      'to',
      'of no check, %',
      'CPU µs: service',
      'auth-service',
      'Redis',
      'all',
      'Redis commands each',
    ],
    rows: contenders.map((each) => {
      const { way, name, rounds } = each;
      const { median, min, max } = spreadOf(ratesOf(each));
      const cpu = (part: 'serverCpu' | 'authCpu' | 'redisCpu') =>
        part === 'serverCpu' || sharedParts[way]?.includes(part) === true
          ? medianOf(rounds.map((round) => cpuOf(round, [part])))
          : '';
      const commands = medianOf(
        rounds.map(({ grown, requests }) => (grown['redisCommands'] ?? 0) / requests),
      );
      return [
        name,
        ...[median, min, max].map(Math.round),
        (100 * median) / ceiling,
        cpu('serverCpu'),
        cpu('authCpu'),
        cpu('redisCpu'),
        way === askingPostgres ? '' : medianOf(wholeCpuOf(each)),
        Number(commands.toFixed(2)),
      ];
    }),
  };
}
