import { Redis } from 'ioredis';

/** What a server is set to do, as text: its configuration, its users and its role. */
export function settingsOf(port: number): Promise<string> {
  return withClient(port, readSettings);
}

/**
 * Has the Redis on this port forget what it was given: data, scripts, statistics.
 *
 * @returns whether it is as new. Not when its settings are no longer `settings`, or somebody else is still connected.
 */
export async function makeAsNew(port: number, settings: string): Promise<boolean> {
  try {
    return await withClient(port, async (redis) => {
      // A setting may limit what the other commands can do, so it is looked at before.
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

/** Of one that does not answer at once nothing is expected. */
async function withClient<T>(port: number, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
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
