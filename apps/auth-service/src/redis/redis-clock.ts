import type { Redis } from 'ioredis';

/** For how long a measurement is used. A Redis clock that is set back is noticed within that time. */
const MEASURED_FOR_MS = 5_000;

/** By how much Redis' clock is ahead of performance.now(), which nobody sets: so no step of our clock matters. */
type Measurement = { readonly of: Redis['stream']; readonly atMs: number; readonly aheadMs: number };

const measurements = new WeakMap<Redis, Measurement>();
const underWay = new WeakMap<Redis, Promise<number>>();

/**
 * The moment `at` of performance.now() by Redis' clock, in milliseconds since the epoch, or earlier by as long as the
 * measuring took: never later. Undefined when it has to be measured: on each new connection, and now and then.
 */
export function knownRedisTime(redis: Redis, at: number): number | undefined {
  const known = measurements.get(redis);
  const isCurrent =
    known !== undefined && known.of === redis.stream && performance.now() - known.atMs < MEASURED_FOR_MS;
  return isCurrent ? at + known.aheadMs : undefined;
}

/** As knownRedisTime, measured if need be: once, however many ask. */
export async function redisTimeOf(redis: Redis, at: number): Promise<number> {
  return knownRedisTime(redis, at) ?? at + (await measure(redis));
}

/** Redis has just told its time. The way from there took some: taken as none, so that a deadline is rather too early. */
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
