import { evictUntil, startTestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { createEvictionWatch, type EvictionWatch } from '../../src/redis/eviction-watch.ts';
import { connect, openTestRedis } from '../sessions/session-fixture.ts';

const { server, redis } = await openTestRedis();
let watch: EvictionWatch | undefined;
let lines: { level: string; text: string }[];
beforeEach(async () => {
  lines = [];
  await setPolicy('noeviction');
});
afterEach(() => watch?.stop());

function createWatch(options: { redis?: RedisClient; mode?: 'warn' | 'refuse'; everyMs?: number } = {}) {
  const write = (level: string) => (fields: unknown, text?: string) =>
    void lines.push({ level, text: text ?? String(fields) });
  const log = { info: write('info'), warn: write('warn'), error: write('error') };
  watch = createEvictionWatch({ redis, mode: 'warn', log, ...options });
  return watch;
}

const setPolicy = (policy: string) => redis.config('SET', 'maxmemory-policy', policy);
const about = (text: RegExp) => lines.filter((line) => text.test(line.text));

test('a Redis that evicts nothing is not logged', async () => {
  const { start } = createWatch({ mode: 'refuse' });
  await start();
  expect(watch?.mayEvict).toBe(false);
  expect(lines).toEqual([]);
});

test.each([
  'volatile-lru',
  'volatile-lfu',
  'volatile-ttl',
  'volatile-random',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
])('%s is logged as an error, once, and prevents a start where a setting forbids it', async (policy) => {
  await setPolicy(policy);
  await createWatch({ everyMs: 5 }).start();
  expect(watch?.mayEvict).toBe(true);
  await eventually('the policy was read again', async () => {
    expect(Number(/cmdstat_info:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1])).toBeGreaterThan(5);
  });
  expect(lines).toEqual([
    { level: 'error', text: expect.stringContaining('set maxmemory-policy to noeviction') },
  ]);
  watch?.stop();
  await expect(createWatch({ mode: 'refuse' }).start()).rejects.toThrow(
    `REDIS_EVICTION=refuse forbids it: its maxmemory-policy is ${policy}`,
  );
});

test('a policy that changes while it runs is noticed, and its change back too', async () => {
  await createWatch({ everyMs: 5 }).start();
  await setPolicy('allkeys-lru');
  await eventually('the policy is known', () => expect(watch?.mayEvict).toBe(true));
  await setPolicy('noeviction');
  await eventually('the policy is known', () => expect(watch?.mayEvict).toBe(false));
  expect(lines.map(({ level }) => level)).toEqual(['error', 'info']);
});

test('a Redis is checked again after a new connection', async () => {
  await createWatch().start();
  await setPolicy('allkeys-lru');
  redis.disconnect(true);
  await eventually('the policy is known', () => expect(watch?.mayEvict).toBe(true));
});

test('evicted keys are reported, each time that there are more', async () => {
  await setPolicy('allkeys-lru');
  await createWatch({ everyMs: 5 }).start();
  for (const times of [1, 2])
    await evictUntil(server.url, 'allkeys-lru', () => about(/has evicted keys/).length >= times);
});

describe('an unknown policy', () => {
  test('of a Redis that does not answer is read once it answers, and refuses nothing', async () => {
    const late = await startTestRedis();
    const connection = connect(late.url);
    try {
      await late.kill();
      await createWatch({ redis: connection, mode: 'refuse' }).start();
      expect(watch?.mayEvict).toBeUndefined();
      await late.restart();
      await eventually('the policy is known', () => expect(watch?.mayEvict).toBe(false));
    } finally {
      connection.disconnect();
      await late.stop();
    }
  });

  test('of a user without rights: a forbidden CONFIG does no harm, a forbidden INFO leaves it unknown', async () => {
    await setPolicy('volatile-lru');
    await redis.call('ACL', 'SETUSER', 'managed', 'on', 'nopass', '~*', '+@all', '-config');
    await redis.call('ACL', 'SETUSER', 'blind', 'on', 'nopass', '~*', '+@all', '-config', '-info');
    const at = (user: string) => connect(server.url.replace('redis://', `redis://${user}:x@`));
    const [managed, blind] = [at('managed'), at('blind')];
    try {
      await createWatch({ redis: managed }).start();
      expect(watch?.mayEvict).toBe(true);
      watch?.stop();
      await createWatch({ redis: blind }).start();
      expect(watch?.mayEvict).toBeUndefined();
      expect(lines.at(-1)?.level).toBe('warn');
    } finally {
      managed.disconnect();
      blind.disconnect();
    }
  });
});
