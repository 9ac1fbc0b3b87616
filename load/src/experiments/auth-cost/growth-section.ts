import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { evenArrivals } from '../../generator/arrivals.ts';
import { type LoadResult, runOpenLoad } from '../../generator/open-load.ts';
import { type MeasuredServer, startMeasuredServer } from '../../processes/measured-server.ts';
import { expecting } from '../../scenarios/scenario.ts';
import type { Context, Figure, Plot, Section, SectionResult } from '../../section.ts';
import { createHttp, type Http } from '../../system/http.ts';
import { freshen } from '../../system/people.ts';
import { faultCount } from '../saturation.ts';
import { settingsOf, settingsVariable, type Way } from './settings.ts';
import { lookAtShared, noUse, type SharedUse, usedBeyond } from './shared-use.ts';
import { createVisitors, type Visitors } from './visitors.ts';

const compared = [
  { way: 'revocation', title: 'token' },
  { way: 'session', title: 'session in Redis' },
  { way: 'introspection', title: 'introspection' },
] as const satisfies { way: Way; title: string }[];
const mostServices = 8;
/** What introspection at eight services takes on a small machine, too. */
const pagesPerSecond = 20;
const plans = {
  full: { counts: [1, 2, 4, 8], seconds: 8, warmUpSeconds: 1 },
  quick: { counts: [1, 8], seconds: 0.6, warmUpSeconds: 0.2 },
};
/** For what was left over to be done before the next looks. */
const pauseMs = 100;

/** A page that asks ever more services at once, by token, by session, and by introspection. */
export const growthSection: Section = {
  name: 'growth',
  title: 'As services grow',
  seconds: { full: 130, quick: 14 },
  needsOwnSystem: true,
  run,
};

type Cell = {
  readonly way: Way;
  readonly title: string;
  readonly services: number;
  readonly load: LoadResult;
  /** Each page, of what all services share. */
  readonly commands: number;
  readonly sharedMicroseconds: number;
  /** Each page, of everything. */
  readonly microseconds: number;
};

type Stage = {
  readonly context: Context;
  readonly redis: Redis;
  readonly visitors: Visitors;
  readonly servers: readonly MeasuredServer[];
  readonly https: readonly Http[];
  readonly idle: SharedUse;
  /** CPU seconds that each server uses in a second in which nobody asks. */
  readonly idleServers: readonly number[];
};

async function run(context: Context): Promise<SectionResult> {
  const { world, redis, system, tell, signal } = context;
  if (redis === undefined) throw new Error('This can be measured beside a system of our own only.');
  await freshen(world.http.auth, world.people);
  const visitors = await createVisitors(world.people, redis);
  await using started = new AsyncDisposableStack();
  started.defer(() => visitors.forget());
  const env = { [settingsVariable]: JSON.stringify(await settingsOf(system)) };
  tell(`starting ${mostServices} services`);
  const script = new URL('./server.ts', import.meta.url);
  const args = compared.map(({ way }) => way);
  const servers = await Promise.all(
    Array.from({ length: mostServices }, async () =>
      started.use(await startMeasuredServer({ script, args, env, signal })),
    ),
  );
  const https = servers.map(({ url }) => createHttp(url));
  started.defer(async () => void (await Promise.all(https.map((http) => http.close()))));

  const { counts, seconds } = context.quick ? plans.quick : plans.full;
  const [idle, idleServers] = await Promise.all([
    idleUse(seconds, () => lookAtShared(world.http.auth, redis)),
    idleCpu(seconds, servers),
  ]);
  const cells: Cell[] = [];
  for (const services of counts) {
    for (const each of compared) {
      signal.throwIfAborted();
      tell(`${services} services, ${each.title}`);
      cells.push(
        await measure({ ...each, services }, { context, redis, visitors, servers, https, idle, idleServers }),
      );
      await delay(pauseMs);
    }
  }
  return resultOf(cells);
}

async function measure(cell: Pick<Cell, 'way' | 'title' | 'services'>, stage: Stage): Promise<Cell> {
  const { way, services } = cell;
  const { context, redis, visitors, servers, https, idle, idleServers } = stage;
  const { seconds, warmUpSeconds } = context.quick ? plans.quick : plans.full;
  const asked = https.slice(0, services);
  const tokens = visitors.headersFor(way).map((header) => header.slice('Bearer '.length));
  const page = async (index: number): Promise<string> => {
    const token = tokens[index % tokens.length] ?? '';
    const statuses = await Promise.all(asked.map((http) => http.status({ path: `/${way}`, token })));
    return expecting(200, statuses.find((status) => status !== 200) ?? 200);
  };
  const flow = (options: { seconds: number }) =>
    runOpenLoad(page, {
      arrivals: evenArrivals({ perSecond: pagesPerSecond, ...options }),
      signal: context.signal,
    });
  await flow({ seconds: warmUpSeconds });
  const look = async () => ({
    shared: await lookAtShared(context.world.http.auth, redis),
    services: await Promise.all(servers.slice(0, services).map((server) => server.cpuSeconds())),
  });
  const beganAtMs = performance.now();
  const before = await look();
  const load = await flow({ seconds });
  const after = await look();
  const elapsed = (performance.now() - beganAtMs) / 1000;
  const shared = usedBeyond(idle, { before: before.shared, after: after.shared, seconds: elapsed });
  const sharedSeconds = shared.authCpu + shared.redisCpu;
  const serviceSeconds = after.services.reduce((sum, cpu, index) => {
    const unasked = (idleServers[index] ?? 0) * elapsed;
    return sum + Math.max(0, cpu - (before.services[index] ?? 0) - unasked);
  }, 0);
  const each = (total: number): number => total / load.offered;
  return {
    ...cell,
    load,
    commands: each(shared.redisCommands),
    sharedMicroseconds: each(sharedSeconds) * 1e6,
    microseconds: each(sharedSeconds + serviceSeconds) * 1e6,
  };
}

/** What auth-service and Redis use in a second in which nobody asks for anything. */
async function idleUse(seconds: number, look: () => Promise<SharedUse>): Promise<SharedUse> {
  const before = await look();
  await delay(seconds * 1000);
  const after = await look();
  const { authCpu, redisCpu, redisCommands } = usedBeyond(noUse, { before, after, seconds });
  return { authCpu: authCpu / seconds, redisCpu: redisCpu / seconds, redisCommands: redisCommands / seconds };
}

/** The same of each server: it holds revocations, and goes on hearing of new ones, whichever way it is asked. */
async function idleCpu(seconds: number, servers: readonly MeasuredServer[]): Promise<number[]> {
  const look = () => Promise.all(servers.map((server) => server.cpuSeconds()));
  const before = await look();
  await delay(seconds * 1000);
  return (await look()).map((cpu, index) => (cpu - (before[index] ?? 0)) / seconds);
}

function resultOf(cells: readonly Cell[]): SectionResult {
  const plot = (title: string, y: Plot['y'], of: (cell: Cell) => number): Plot => ({
    title,
    x: { title: 'services that a page asks' },
    y,
    series: compared.map(({ way, title: name }) => ({
      name,
      points: cells.filter((cell) => cell.way === way).map((cell) => [cell.services, of(cell)] as const),
    })),
  });
  return {
    figures: cells
      .filter(({ services }) => services === mostServices)
      .flatMap(({ title, load, commands, microseconds }): Figure[] => [
        { name: `page of 8 services p50: ${title}`, unit: 'ms', values: [load.latencies.percentile(50)] },
        { name: `page of 8 services, shared store: ${title}`, unit: 'ops', values: [commands] },
        { name: `page of 8 services, CPU: ${title}`, unit: 'CPU µs', values: [microseconds] },
        { name: `page of 8 services, faults: ${title}`, unit: '', values: [faultCount(load)] },
      ]),
    tables: [
      {
        title: 'A page that asks services at once',
        columns: [
          'services',
          'by',
          'p50, ms',
          'p99, ms',
          'faults',
          'Redis commands',
          'CPU µs: what is shared',
          'CPU µs: all',
        ],
        rows: cells.map(({ services, title, load, commands, sharedMicroseconds, microseconds }) => [
          services,
          title,
          round(load.latencies.percentile(50)),
          round(load.latencies.percentile(99)),
          faultCount(load),
          round(commands),
          Math.round(sharedMicroseconds),
          Math.round(microseconds),
        ]),
      },
    ],
    plots: [
      plot('Latency of a page, median', { title: 'ms' }, ({ load }) => load.latencies.percentile(50)),
      plot('Latency of a page, 99th percentile', { title: 'ms' }, ({ load }) =>
        load.latencies.percentile(99),
      ),
      plot('Commands of the shared Redis for each page', { title: 'commands' }, ({ commands }) => commands),
      plot(
        'CPU of auth-service and Redis for each page',
        { title: 'CPU µs' },
        ({ sharedMicroseconds }) => sharedMicroseconds,
      ),
    ],
    notes: [
      `${pagesPerSecond} pages/s, each from a browser that asks 1, 2, 4 or 8 services at once and is done when the last has answered; every service is a process of its own, and checks each request by itself.`,
      'Of auth-service and Redis that counts which comes on top of what they use while nobody asks for anything.',
      'What is shared has to grow with the number of services that a page asks, however few people there are: with tokens nothing is asked, whether there is one service or eight. A token costs auth-service one refresh in five minutes.',
    ],
    health: cells.map(({ services, title, load }) => ({
      during: `${services} services, ${title}`,
      health: load.health,
    })),
    invalid: cells.flatMap(({ services, title, load }) =>
      load.health.faults.map((text) => `${services} services, ${title}: ${text}`),
    ),
  };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
