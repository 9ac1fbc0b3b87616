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

/**
 * Makes a connection for a reader that waits for entries of a stream. It connects when `connect()` is called, never again
 * by itself, and sends nothing a second time: so the reader knows that one server answers it from first to last. It has
 * no timeout either, since waiting is its work: the reader has its own.
 *
 * @example
 * const redis = createReaderConnection('redis://127.0.0.1:6379');
 * await redis.connect();
 */
export function createReaderConnection(url: string): Redis {
  const redis = new Redis(url, {
    connectionName: 'auth-service-reader',
    lazyConnect: true,
    connectTimeout: COMMAND_TIMEOUT_MS,
    disconnectTimeout: 100,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Whoever waits for a reply is told.
  redis.on('error', () => {});
  return redis;
}
