import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { evenArrivals } from '../../generator/arrivals.ts';
import { runOpenLoad } from '../../generator/open-load.ts';
import { type MeasuredServer, startMeasuredServer } from '../../processes/measured-server.ts';
import { expecting } from '../../scenarios/scenario.ts';
import type { Context, Section, SectionResult } from '../../section.ts';
import { createHttp, type Http } from '../../system/http.ts';
import { freshen } from '../../system/people.ts';
import { type Cell, compared, describeGrowth, maxServices, pagesPerSecond } from './growth-report.ts';
import { settingsOf, settingsVariable } from './settings.ts';
import { lookAtShared, noUse, type SharedUse, usedBeyond } from './shared-use.ts';
import { createVisitors, type Visitors } from './visitors.ts';

/** `processes`: how many processes the services are spread over. One takes about a second of CPU time to start. */
const plans = {
  full: { counts: [1, 2, 4, 8], processes: 8, seconds: 8, warmUpSeconds: 1 },
  quick: { counts: [1, 8], processes: 2, seconds: 0.6, warmUpSeconds: 0.2 },
};
/** Lets remaining work finish before the next measurement. */
const pauseMs = 100;

/** Measures a page that asks ever more services at once: by token, by session, and by introspection. */
export const growthSection: Section = {
  name: 'growth',
  title: 'As services grow',
  seconds: { full: 130, quick: 9 },
  needsOwnSystem: true,
  run,
};

type Stage = {
  readonly context: Context;
  readonly redis: Redis;
  readonly visitors: Visitors;
  readonly servers: readonly MeasuredServer[];
  /** One for each service. The servers serve them in turn: the first server the first service, and so on. */
  readonly https: readonly Http[];
  readonly idle: SharedUse;
  /** CPU seconds that each server uses in a second without requests. */
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
  tell(`starting ${maxServices} services`);
  const { counts, processes, seconds } = context.quick ? plans.quick : plans.full;
  const script = new URL('./server.ts', import.meta.url);
  const each = maxServices / processes;
  const args = [String(each), ...compared.map(({ way }) => way)];
  const servers = await Promise.all(
    Array.from({ length: processes }, async () =>
      started.use(await startMeasuredServer({ script, args, env, signal })),
    ),
  );
  const turns = Array.from({ length: each }, (_, turn) => servers.map(({ urls }) => urls[turn] ?? ''));
  const https = turns.flat().map(createHttp);
  started.defer(async () => void (await Promise.all(https.map((http) => http.close()))));

  const [idle, idleServers] = await Promise.all([
    idleUse(seconds, () => lookAtShared(world.http.auth, redis)),
    idleCpu(seconds, servers),
  ]);
  const cells: Cell[] = [];
  for (const services of counts) {
    for (const way of compared) {
      signal.throwIfAborted();
      tell(`${services} services, ${way.title}`);
      cells.push(
        await measure({ ...way, services }, { context, redis, visitors, servers, https, idle, idleServers }),
      );
      await delay(pauseMs);
    }
  }
  return describeGrowth(cells, processes);
}

async function measure(cell: Pick<Cell, 'way' | 'title' | 'services'>, stage: Stage): Promise<Cell> {
  const { way, services } = cell;
  const { context, redis, visitors, servers, https, idle, idleServers } = stage;
  const { seconds, warmUpSeconds } = context.quick ? plans.quick : plans.full;
  const asked = https.slice(0, services);
  const tokens = visitors
    .headersFor(way)
    .map(({ authorization = '' }) => authorization.slice('Bearer '.length));
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

/** The use of auth-service and Redis in a second without requests. */
async function idleUse(seconds: number, look: () => Promise<SharedUse>): Promise<SharedUse> {
  const before = await look();
  await delay(seconds * 1000);
  const after = await look();
  const { authCpu, redisCpu, redisCommands } = usedBeyond(noUse, { before, after, seconds });
  return { authCpu: authCpu / seconds, redisCpu: redisCpu / seconds, redisCommands: redisCommands / seconds };
}

/** The same for each server. A server holds revocations and receives new ones, whichever way it is asked. */
async function idleCpu(seconds: number, servers: readonly MeasuredServer[]): Promise<number[]> {
  const look = () => Promise.all(servers.map((server) => server.cpuSeconds()));
  const before = await look();
  await delay(seconds * 1000);
  return (await look()).map((cpu, index) => (cpu - (before[index] ?? 0)) / seconds);
}
