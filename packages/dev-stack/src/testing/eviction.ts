import { Redis } from 'ioredis';

/**
 * Makes a test's Redis evict keys by `policy` until `isDone` is true, then lifts the limit of its memory and forbids
 * eviction again. What is evicted beside the keys that the test waits for follows from the policy.
 *
 * The limit follows the memory in use: a fixed one may lie above it a moment later, when buffers were freed.
 *
 * @throws when 120 s were not enough
 * @example
 * await evictUntil(server.url, 'volatile-ttl', async () => (await redis.exists('cache')) === 0);
 */
export async function evictUntil(
  url: string,
  policy: string,
  isDone: () => boolean | Promise<boolean>,
): Promise<void> {
  const redis = new Redis(url);
  try {
    // Enough to evict: below what Redis needs for itself, it would refuse writes instead.
    for (let number = 0; number < 40; number++)
      await redis.set(`cache:${number}`, 'x'.repeat(20_000), 'EX', 600);
    await redis.config('SET', 'maxmemory-policy', policy);
    const end = performance.now() + 120_000;
    while (!(await isDone())) {
      if (performance.now() > end)
        throw new Error(`Redis did not evict by ${policy} what the test waits for.`);
      await redis.config('SET', 'maxmemory', (await evictableMemory(redis)) - 50_000);
      // Redis evicts before a write. It may refuse this one, when nothing is left that it may evict.
      await redis.set('cache:more', 'x', 'EX', 600).catch(() => {});
    }
  } finally {
    await redis.config('SET', 'maxmemory', 0, 'maxmemory-policy', 'noeviction');
    redis.disconnect();
  }
}

/** What Redis compares with maxmemory, in bytes: the buffers of its append-only file and of replicas do not count. */
async function evictableMemory(redis: Redis): Promise<number> {
  const info = await redis.info('memory');
  const bytes = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
  return bytes('used_memory') - bytes('mem_not_counted_for_evict');
}
