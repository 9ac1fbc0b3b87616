import type { Redis } from 'ioredis';
import type { Http } from '../../system/http.ts';
import { numberIn } from '../../system/number-in.ts';

/** The parts that all services share, and how much of each was used so far. CPU in seconds. */
export type SharedUse = {
  readonly authCpu: number;
  readonly redisCpu: number;
  readonly redisCommands: number;
};

/** Reads the use of auth-service and Redis so far. Costs auth-service one request, and Redis two commands. */
export async function lookAtShared(auth: Http, redis: Redis): Promise<SharedUse> {
  const [metrics, cpu, stats] = await Promise.all([
    auth.text({ path: '/metrics' }),
    redis.info('cpu'),
    redis.info('stats'),
  ]);
  return {
    authCpu: numberIn(metrics, /^process_cpu_seconds_total(?:\{[^}]*\})? ([0-9.e+-]+)$/m),
    redisCpu: numberIn(cpu, /^used_cpu_user:([0-9.]+)/m) + numberIn(cpu, /^used_cpu_sys:([0-9.]+)/m),
    redisCommands: numberIn(stats, /^total_commands_processed:(\d+)/m),
  };
}

/**
 * The use between two readings, less the use without requests. `idle` is the latter, per second: heartbeats, and
 * auth-service following its own stream.
 */
export function usedBeyond(
  idle: SharedUse,
  { before, after, seconds }: { before: SharedUse; after: SharedUse; seconds: number },
): SharedUse {
  const beyond = (part: keyof SharedUse) => Math.max(0, after[part] - before[part] - idle[part] * seconds);
  return {
    authCpu: beyond('authCpu'),
    redisCpu: beyond('redisCpu'),
    redisCommands: beyond('redisCommands'),
  };
}

/** No use: the baseline for measuring the use without requests. */
export const noUse: SharedUse = { authCpu: 0, redisCpu: 0, redisCommands: 0 };
