import type { Redis } from 'ioredis';
import type { Http, ServiceName } from './http.ts';

/** What one service used between two looks at it. */
export type ServiceUse = {
  /** Of one core, on average. */
  readonly cpu: number;
  /** Resident, at the end, in bytes. */
  readonly memoryBytes: number;
  /** The 99th percentile of how late its event loop came round, in milliseconds. */
  readonly eventLoopP99Ms: number;
};

export type SystemUse = {
  readonly seconds: number;
  readonly services: Readonly<Record<ServiceName, ServiceUse>>;
  /** Commands that Redis carried out; absent where it cannot be asked. */
  readonly redisCommands?: number;
};

type Look = {
  readonly atMs: number;
  readonly services: Readonly<
    Record<ServiceName, Readonly<Record<'cpuSeconds' | 'memoryBytes' | 'lagSeconds', number>>>
  >;
  readonly redisCommands: number | undefined;
};

const names: readonly ServiceName[] = ['auth', 'cart', 'wishlist', 'payment'];

/**
 * Looks at what the services say of themselves (GET /metrics), and at Redis, now and once more at the end. It asks
 * nothing in between: watching must not cost what is watched.
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
        eventLoopP99Ms: after.services[name].lagSeconds * 1000,
      });
      const services = {
        auth: use('auth'),
        cart: use('cart'),
        wishlist: use('wishlist'),
        payment: use('payment'),
      };
      const { redisCommands } = after;
      if (redisCommands === undefined || before.redisCommands === undefined) return { seconds, services };
      return { seconds, services, redisCommands: redisCommands - before.redisCommands };
    },
  };
}

async function look(http: Readonly<Record<ServiceName, Http>>, redis: Redis | undefined): Promise<Look> {
  const texts = await Promise.all(names.map((name) => http[name].text({ path: '/metrics' })));
  const services = Object.fromEntries(
    names.map((name, index) => {
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
  return { atMs: performance.now(), services, redisCommands: redis && (await redisCommands(redis)) };
}

function metric(text: string, name: string): number {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, 'm').exec(text)?.[1];
  return found === undefined ? Number.NaN : Number(found);
}

async function redisCommands(redis: Redis): Promise<number> {
  return Number(/^total_commands_processed:(\d+)/m.exec(await redis.info('stats'))?.[1]);
}
