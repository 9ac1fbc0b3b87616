import { type ClosedRound, runClosedLoop } from '../../generator/closed-loop.ts';
import { type MeasuredServer, startMeasuredServer } from '../../processes/measured-server.ts';
import { medianOf, spreadOf } from '../../report/statistics.ts';
import type { Context, Figure, Section, SectionResult, Table } from '../../section.ts';
import { freshen } from '../../system/people.ts';
import { settingsOf, settingsVariable, sharedParts, type Way, ways, wayTitles } from './settings.ts';
import { lookAtShared } from './shared-use.ts';
import { createVisitors } from './visitors.ts';

const plans = {
  full: { rounds: 6, seconds: 2.5, warmUpSeconds: 2 },
  quick: { rounds: 2, seconds: 0.3, warmUpSeconds: 0.2 },
};

/** The same route in servers of their own, behind each way to find out whether a request may pass. */
export const costSection: Section = {
  name: 'auth-cost',
  title: 'What auth costs',
  seconds: { full: 120, quick: 12 },
  needsOwnSystem: true,
  run,
};

type Contender = { readonly way: Way; readonly server: MeasuredServer; readonly rounds: ClosedRound[] };

async function run(context: Context): Promise<SectionResult> {
  const { world, redis, system, quick, tell, signal } = context;
  if (redis === undefined)
    throw new Error('What auth costs can be measured beside a system of our own only.');
  const plan = quick ? plans.quick : plans.full;
  await freshen(world.http.auth, world.people);
  const visitors = await createVisitors(world.people, redis);
  await using servers = new AsyncDisposableStack();
  servers.defer(() => visitors.forget());
  const env = { [settingsVariable]: JSON.stringify(await settingsOf(system)) };
  tell('starting a server for each way');
  const script = new URL('./server.ts', import.meta.url);
  const contenders = await Promise.all(
    ways.map(async (way): Promise<Contender> => {
      const server = servers.use(await startMeasuredServer({ script, args: ['1', way], env, signal }));
      return { way, server, rounds: [] };
    }),
  );

  const load = ({ way, server }: Contender, seconds: number) =>
    runClosedLoop({
      url: server.url,
      path: `/${way}`,
      authorizations: visitors.headersFor(way),
      seconds,
      look: async () => ({
        serverCpu: await server.cpuSeconds(),
        ...(await lookAtShared(world.http.auth, redis)),
      }),
    });
  for (const each of contenders) {
    tell(`warming up: ${wayTitles[each.way]}`);
    await load(each, plan.warmUpSeconds);
  }
  for (let round = 1; round <= plan.rounds; round += 1) {
    // There and back again, so that none always runs after the same one.
    for (const each of round % 2 === 0 ? contenders.toReversed() : contenders) {
      signal.throwIfAborted();
      tell(`round ${round} of ${plan.rounds}: ${wayTitles[each.way]}`);
      each.rounds.push(await load(each, plan.seconds));
    }
  }
  return resultOf(contenders);
}

/** CPU of these parts for one request, in microseconds. */
function cpuOf({ grown, requests }: ClosedRound, parts: readonly string[]): number {
  return (parts.reduce((sum, part) => sum + (grown[part] ?? 0), 0) / requests) * 1e6;
}

/** CPU of everything that took part in one request. */
function wholeCpuOf(round: ClosedRound, way: Way): number {
  return cpuOf(round, ['serverCpu', ...sharedParts[way]]);
}

function resultOf(contenders: readonly Contender[]): SectionResult {
  const unprotected = contenders.find(({ way }) => way === 'none')?.rounds ?? [];
  /** Round by round: what disturbs the machine for longer than a round disturbs both sides alike. */
  const againstNone = (
    rounds: readonly ClosedRound[],
    of: (mine: ClosedRound, unprotected: ClosedRound) => number,
  ) =>
    rounds.map((round, index) => {
      const other = unprotected[index];
      return other === undefined ? Number.NaN : of(round, other);
    });
  return {
    figures: contenders.flatMap(({ way, rounds }): Figure[] => {
      const title = wayTitles[way];
      const own: Figure[] = [
        { name: `requests/s: ${title}`, unit: '1/s', values: rounds.map((each) => each.requestsPerSecond) },
        {
          name: `CPU of a request: ${title}`,
          unit: 'CPU µs',
          values: rounds.map((each) => wholeCpuOf(each, way)),
        },
      ];
      if (way === 'none') return own;
      return [
        ...own,
        {
          name: `requests/s against none: ${title}`,
          unit: '',
          values: againstNone(rounds, (mine, other) => mine.requestsPerSecond / other.requestsPerSecond),
        },
        {
          name: `requests for the same CPU, against none: ${title}`,
          unit: '',
          values: againstNone(rounds, (mine, other) => wholeCpuOf(other, 'none') / wholeCpuOf(mine, way)),
        },
      ];
    }),
    tables: [costTable(contenders)],
    plots: [
      {
        title: 'Ceiling of one service, round by round',
        x: { title: 'round' },
        y: { title: 'requests/s', isLogarithmic: true },
        series: contenders.map(({ way, rounds }) => ({
          name: wayTitles[way],
          points: rounds.map(({ requestsPerSecond }, index) => [index + 1, requestsPerSecond] as const),
        })),
      },
    ],
    notes: [
      'One route with a small answer, in one process for each way; each gets as many requests as it can take over 10 connections, all with a token or a session id. The ways take turns, there and back.',
      'CPU time of one request is that of all who take part in it: the service, and where it asks them, auth-service and Redis. It depends less than requests/s on what else this machine does, and on how many cores it has.',
      'A service verifies the signature of a token when the token first comes, and remembers that; each person comes again and again.',
      'Introspection: the service signs a client assertion for each request (private_key_jwt), as ours do whenever they ask auth-service; Redis remembers it as used, and looks the session up. Nothing is cached, or it would not be the answer of that moment.',
      'The session in Redis is one GET of some 250 bytes over a kept connection, and JSON.parse; more is asked of a real one, such as to prolong it.',
    ],
    invalid: [],
  };
}

function costTable(contenders: readonly Contender[]): Table {
  const unprotected = medianOf(
    contenders.find(({ way }) => way === 'none')?.rounds.map((each) => each.requestsPerSecond) ?? [],
  );
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
    rows: contenders.map(({ way, rounds }) => {
      const { median, min, max } = spreadOf(rounds.map((each) => each.requestsPerSecond));
      const cpu = (part: string) =>
        part === 'serverCpu' || sharedParts[way].some((shared) => shared === part)
          ? round3(medianOf(rounds.map((each) => cpuOf(each, [part]))))
          : '';
      const commands = medianOf(rounds.map((each) => (each.grown['redisCommands'] ?? 0) / each.requests));
      return [
        wayTitles[way],
        ...[median, min, max].map(Math.round),
        round3((100 * median) / unprotected),
        cpu('serverCpu'),
        cpu('authCpu'),
        cpu('redisCpu'),
        round3(medianOf(rounds.map((each) => wholeCpuOf(each, way)))),
        Number(commands.toFixed(2)),
      ];
    }),
  };
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
