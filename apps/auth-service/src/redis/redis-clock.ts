import type { Redis } from 'ioredis';

/** How long a measurement is used. A Redis clock that is set back is noticed within this time. */
const measuredForMs = 5_000;

/** How far Redis' clock is ahead of performance.now(), which is monotonic, so setting our clock does not matter. */
type Measurement = { readonly of: Redis['stream']; readonly atMs: number; readonly aheadMs: number };

const measurements = new WeakMap<Redis, Measurement>();
const underWay = new WeakMap<Redis, Promise<void>>();

/**
 * Converts the time `at` of performance.now() to the clock of this connection's server, in milliseconds since the epoch.
 * The result is too early by the duration of the measurement at most, and never too late. Undefined when the clock must
 * be measured first: on each new connection, and every few seconds.
 */
export function knownRedisTime(redis: Redis, at: number): number | undefined {
  const known = measurements.get(redis);
  const isCurrent =
    known !== undefined && known.of === redis.stream && performance.now() - known.atMs < measuredForMs;
  return isCurrent ? at + known.aheadMs : undefined;
}

/**
 * Records a time that Redis just reported. The latency counts as zero, so that a deadline is too early, never too late.
 */
export function learnRedisTime(redis: Redis, redisTimeMs: number): void {
  const atMs = performance.now();
  measurements.set(redis, { of: redis.stream, atMs, aheadMs: redisTimeMs - atMs });
}

/** Measures the clock of this connection's server: once for all concurrent callers. */
export function measureRedisTime(redis: Redis): Promise<void> {
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
