import { Redis } from 'ioredis';

/** A server's settings as text: its configuration, its users and its role. It has just answered, so we wait for it. */
export function settingsOf(port: number): Promise<string> {
  return withClient({ port, timeoutMs: 60_000 }, readSettings);
}

/**
 * Clears the Redis on this port: data, scripts, statistics.
 *
 * @returns whether it is like new. False if its settings differ from `settings`, or another client is still connected.
 */
export async function makeAsNew(port: number, settings: string): Promise<boolean> {
  try {
    // A server that does not answer at once is not worth the wait.
    return await withClient({ port, timeoutMs: 2_000 }, async (redis) => {
      // Checked first, because a setting may limit the other commands.
      if ((await readSettings(redis)) !== settings) return false;
      const answers = await redis
        .pipeline()
        .call('CLIENT', 'LIST')
        .call('CLIENT', 'UNPAUSE')
        .flushall('SYNC')
        .script('FLUSH', 'SYNC')
        .call('FUNCTION', 'FLUSH', 'SYNC')
        .call('SLOWLOG', 'RESET')
        .call('LATENCY', 'RESET')
        .call('ACL', 'LOG', 'RESET')
        .config('RESETSTAT')
        .exec();
      const isAlone = String(answers?.[0]?.[1]).trim().split('\n').length === 1;
      return isAlone && answers?.every(([error]) => error === null) === true;
    });
  } catch {
    return false;
  }
}

async function readSettings(redis: Redis): Promise<string> {
  const [config, users, role] = await Promise.all([
    redis.config('GET', '*'),
    redis.call('ACL', 'LIST'),
    redis.call('ROLE').then((answer) => (answer as unknown[])[0]),
  ]);
  return JSON.stringify([config, users, role]);
}

async function withClient<T>(
  { port, timeoutMs }: { port: number; timeoutMs: number },
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
