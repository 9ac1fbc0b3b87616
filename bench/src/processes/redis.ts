import { join } from 'node:path';
import { type RedisInstance, startRedis } from '@latchkey/dev-stack';

/** A Redis of our own, whatever REDIS_URL names: what is there is not ours to measure, or to fill. */
export async function startOwnRedis(
  directory: string,
  signal: AbortSignal,
): Promise<RedisInstance & AsyncDisposable> {
  const { REDIS_URL: _, ...env } = process.env;
  const redis = await startRedis({ directory: join(directory, 'redis'), durable: false, env, signal });
  return Object.assign(redis, { [Symbol.asyncDispose]: () => redis.stop() });
}
