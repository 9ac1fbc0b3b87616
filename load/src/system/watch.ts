import { cpus } from 'node:os';
import { byService, serviceKeys } from '@latchkey/services';
import type { Redis } from 'ioredis';
import type { Http, ServiceName } from './http.ts';

/** The use of one service between two readings. */
export type ServiceUse = {
  /** Average share of one core. */
  readonly cpu: number;
  /** Resident memory at the end, in bytes. */
  readonly memoryBytes: number;
  /** The 99th percentile of the lag of its event loop, in milliseconds. */
  readonly eventLoopP99Ms: number;
};

export type SystemUse = {
  readonly seconds: number;
  readonly services: Readonly<Record<ServiceName, ServiceUse>>;
  /** Commands that Redis carried out; absent if it cannot be asked. */
  readonly redisCommands?: number;
  /** Average share of one core; absent if Redis cannot be asked. */
  readonly redisCpu?: number;
  /** The average number of this machine's cores that were busy, with anything. */
  readonly busyCores: number;
};

type Look = {
  readonly atMs: number;
  readonly services: Readonly<
    Record<ServiceName, Readonly<Record<'cpuSeconds' | 'memoryBytes' | 'lagSeconds', number>>>
  >;
  readonly redis: { readonly commands: number; readonly cpuSeconds: number } | undefined;
  readonly busySeconds: number;
};

/** The interval of the timer by which prom-client measures the lag. Its measurement includes the interval. */
const lagPrecisionMs = 10;

/**
 * Reads the metrics of the services (GET /metrics) and the INFO of Redis, now and once more at the end. Reads nothing
 * in between, because watching must not add to the load.
 *
 * @example
 * const watch = await watchSystem(http, redis);
 * const use = await watch.end();
 */
export async function watchSystem(http: Readonly<Record<ServiceName, Http>>, redis?: Redis) {
  const before = await look(http, redis);
  return {
    async end(): Promise<SystemUse> {
      const after = await look(http, redis);
      const seconds = (after.atMs - before.atMs) / 1000;
      const use = (name: ServiceName): ServiceUse => ({
        cpu: (after.services[name].cpuSeconds - before.services[name].cpuSeconds) / seconds,
        memoryBytes: after.services[name].memoryBytes,
        eventLoopP99Ms: Math.max(0, after.services[name].lagSeconds * 1000 - lagPrecisionMs),
      });
      const services = byService(use);
      const busyCores = (after.busySeconds - before.busySeconds) / seconds;
      if (after.redis === undefined || before.redis === undefined) return { seconds, services, busyCores };
      return {
        seconds,
        services,
        busyCores,
        redisCommands: after.redis.commands - before.redis.commands,
        redisCpu: (after.redis.cpuSeconds - before.redis.cpuSeconds) / seconds,
      };
    },
  };
}

async function look(http: Readonly<Record<ServiceName, Http>>, redis: Redis | undefined): Promise<Look> {
  const texts = await Promise.all(serviceKeys.map((name) => http[name].text({ path: '/metrics' })));
  const services = Object.fromEntries(
    serviceKeys.map((name, index) => {
      const text = texts[index] ?? '';
      return [
        name,
        {
          cpuSeconds: metric(text, 'process_cpu_seconds_total'),
          memoryBytes: metric(text, 'process_resident_memory_bytes'),
          lagSeconds: metric(text, 'nodejs_eventloop_lag_p99_seconds'),
        },
      ];
    }),
  ) as Look['services'];
  return {
    atMs: performance.now(),
    services,
    redis: redis && (await lookAtRedis(redis)),
    busySeconds: busySeconds(),
  };
}

/** CPU time in seconds that a service has used so far, by its own metrics. */
export async function cpuSecondsOf(service: Http): Promise<number> {
  return metric(await service.text({ path: '/metrics' }), 'process_cpu_seconds_total');
}

function metric(text: string, name: string): number {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, 'm').exec(text)?.[1];
  return found === undefined ? Number.NaN : Number(found);
}

/** The work of Redis since it was started. */
export async function lookAtRedis(redis: Redis): Promise<NonNullable<Look['redis']>> {
  const text = await redis.info();
  const field = (name: string) => Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(text)?.[1]);
  return {
    commands: field('total_commands_processed'),
    cpuSeconds: field('used_cpu_sys') + field('used_cpu_user'),
  };
}

/** CPU seconds of all cores of this machine together, since it was started. */
function busySeconds(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0) / 1000;
}
