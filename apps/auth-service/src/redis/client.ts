import { Cluster, type Redis } from 'ioredis';

/**
 * So that a request gets 503 within a second when Redis is dead or frozen. ioredis' defaults take 73 s, or for ever.
 * The default of REDIS_TIMEOUT_MS.
 */
export const defaultTimeoutMs = 800;

/** One server (perhaps the master that sentinels name), or a cluster. */
export type RedisClient = Redis | Cluster;

/**
 * How long a command may take, in milliseconds. A reader's connection has no limit for commands, since one of them waits
 * for entries; all others may take as long as its connect.
 */
export function commandTimeoutOf(redis: RedisClient): number {
  const options = redis instanceof Cluster ? redis.options.redisOptions : redis.options;
  return options?.commandTimeout ?? options?.connectTimeout ?? defaultTimeoutMs;
}
