import { Redis } from 'ioredis';

/** A request meets 503 within a second when Redis is dead or frozen; ioredis' own defaults take 73 s, or for ever. */
const COMMAND_TIMEOUT_MS = 800;
const LONGEST_RECONNECT_DELAY_MS = 500;

/**
 * Connects to Redis and keeps the connection up. Returns at once: commands that are sent before the connection stands
 * wait for it, at most as long as any other command.
 *
 * A command whose reply was lost with the connection is sent again after the reconnect, so each script here is safe
 * to run twice.
 *
 * @example
 * const redis = connectRedis({ url: 'redis://127.0.0.1:6379', onError: (error) => log.warn({ error }) });
 */
export function connectRedis(options: { url: string; onError: (error: Error) => void }): Redis {
  const redis = new Redis(options.url, {
    connectionName: 'auth-service',
    connectTimeout: COMMAND_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(50 * attempt, LONGEST_RECONNECT_DELAY_MS),
  });
  redis.on('error', options.onError);
  return redis;
}
