import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';

/** Copies all data in Redis. The returned function restores exactly that copy. */
export async function keepData(redis: RedisClient): Promise<() => Promise<void>> {
  const kept = new Map<string, { value: Buffer; expiresAt: number }>();
  for (const key of await redis.keys('*')) {
    const value = await redis.dumpBuffer(key);
    if (value !== null) kept.set(key, { value, expiresAt: await redis.pexpiretime(key) });
  }
  return async () => {
    await redis.replicaof('NO', 'ONE');
    const putBack = redis.multi().flushall();
    for (const [key, { value, expiresAt }] of kept)
      putBack.restore(key, Math.max(0, expiresAt), value, 'ABSTTL');
    await putBack.exec();
  };
}

/** Makes `redis` a read-only replica of the server at `url`. Its own data is lost. */
export async function replicate(redis: RedisClient, { url }: { url: string }): Promise<void> {
  await redis.set('only-here', '1');
  await redis.replicaof('127.0.0.1', new URL(url).port);
  await eventually('the replica has what its master has', async () => {
    expect(await redis.info('replication')).toContain('master_link_status:up');
    expect(await redis.exists('only-here')).toBe(0);
  });
}
