import type { Redis } from 'ioredis';

/** How long a measurement is used. A Redis clock that is set back is noticed within this time. */
const measuredForMs = 5_000;

/** How far Redis' clock is ahead of performance.now(), which is monotonic, so setting our clock does not matter. */
type Measurement = { readonly of: Redis['stream']; readonly atMs: number; readonly aheadMs: number };

const measurements = new WeakMap<Redis, Measurement>();
const underWay = new WeakMap<Redis, Promise<number>>();

/**
 * Converts the time `at` of performance.now() to Redis' clock, in milliseconds since the epoch. The result is too early
 * by the duration of the measurement at most, and never too late. Undefined when Redis' clock must be measured first:
 * on each new connection, and every few seconds.
 */
export function knownRedisTime(redis: Redis, at: number): number | undefined {
  const known = measurements.get(redis);
  const isCurrent =
    known !== undefined && known.of === redis.stream && performance.now() - known.atMs < measuredForMs;
  return isCurrent ? at + known.aheadMs : undefined;
}

/** As knownRedisTime, but measures if needed: once for all concurrent callers. */
export async function redisTimeOf(redis: Redis, at: number): Promise<number> {
  return knownRedisTime(redis, at) ?? at + (await measure(redis));
}

/**
 * Records a time that Redis just reported. The latency counts as zero, so that a deadline is too early, never too late.
 */
export function learnRedisTime(redis: Redis, redisTimeMs: number): number {
  const atMs = performance.now();
  const aheadMs = redisTimeMs - atMs;
  measurements.set(redis, { of: redis.stream, atMs, aheadMs });
  return aheadMs;
}

function measure(redis: Redis): Promise<number> {
  const running =
    underWay.get(redis) ??
    redis
      .time()
      .then(([seconds, microseconds]) =>
        learnRedisTime(redis, Number(seconds) * 1000 + Number(microseconds) / 1000),
      )
      .finally(() => underWay.delete(redis));
  underWay.set(redis, running);
  return running;
}
