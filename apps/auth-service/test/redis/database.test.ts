import { startTestRedis } from '@latchkey/dev-stack/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { connectRedis, createReaderConnection } from '../../src/redis/connection.ts';

const server = await forThisFile(startTestRedis({ args: ['--databases', '4'] }));

afterEach(async () => {
  await tell('ACL', 'SETUSER', 'default', '+select');
  await tell('FLUSHALL');
});

async function tell(command: string, ...args: string[]): Promise<unknown> {
  const admin = new Redis(server.url);
  try {
    return await admin.call(command, ...args);
  } finally {
    admin.disconnect();
  }
}

function connectTo(database: number) {
  const faults: string[] = [];
  const redis = connectRedis({
    url: `${server.url}/${database}`,
    commandTimeoutMs: 10_000,
    onError: ({ message }) => faults.push(message),
  });
  onTestFinished(() => redis.disconnect());
  return { redis, faults };
}

test('a database that does not exist is not replaced by database 0', async () => {
  const { redis, faults } = connectTo(99);
  await expect(redis.set('key', 'value')).rejects.toThrow('DB index is out of range');
  await expect(redis.get('key')).rejects.toThrow('DB index is out of range');
  expect(await tell('DBSIZE')).toBe(0);
  expect(faults).toContain('ERR DB index is out of range');

  const reader = await createReaderConnection({ redis, url: `${server.url}/99`, key: 'key' });
  onTestFinished(() => reader.disconnect());
  await expect(reader.connect().then(() => reader.set('key', 'value'))).rejects.toThrow();
  expect(await tell('DBSIZE')).toBe(0);
});

test('nor is one that we may no longer select; when we may again, it is used', async () => {
  const { redis } = connectTo(3);
  await redis.set('key', 'three');
  await tell('SET', 'key', 'zero');
  await tell('ACL', 'SETUSER', 'default', '-select');
  await tell('CLIENT', 'KILL', 'TYPE', 'normal');
  await eventually('a command is refused', async () =>
    expect(await redis.set('key', 'lost').catch(({ message }) => message)).toContain('NOPERM'),
  );
  expect(await tell('GET', 'key')).toBe('zero');

  await tell('ACL', 'SETUSER', 'default', '+select');
  await eventually('the key is found', async () => expect(await redis.get('key')).toBe('three'));
});
