import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { proveWritable } from '../../src/redis/prove-writable.ts';
import { connect } from '../sessions/session-fixture.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
/** Every command that our scripts send. */
const commands = new Set(
  globSync('**/*.lua', { cwd: source })
    .flatMap((file) => [...readFileSync(source + file, 'utf8').matchAll(/redis\.call\('(\w+)'/g)])
    .map(([, command]) => (command as string).toLowerCase()),
);

let server: TestRedis;
let admin: RedisClient;
let redis: RedisClient;
beforeAll(async () => {
  server = await startTestRedis();
  admin = new Redis(server.url);
  await admin.call('ACL', 'SETUSER', 'service', 'on', '>secret', '~*', '+@all');
  redis = connect(server.url.replace('redis://', 'redis://service:secret@'));
});
afterAll(async () => {
  redis.disconnect();
  admin.disconnect();
  await server.stop();
});

test.each([...commands, 'zrangebyscore'])('a user without the right to %s is not served', async (command) => {
  await proveWritable(redis);
  await admin.call('ACL', 'SETUSER', 'service', `-${command}`);
  await expect(proveWritable(redis)).rejects.toThrow(/can't run this command|NOPERM/);
  await admin.call('ACL', 'SETUSER', 'service', `+${command}`);
});

test('it leaves almost nothing behind, and that expires', async () => {
  await proveWritable(redis);
  const keys = await admin.keys('*');
  expect(keys).toHaveLength(1);
  expect(await admin.pttl(keys[0] as string)).toBeGreaterThan(0);
});
