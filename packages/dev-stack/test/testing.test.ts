import { once } from 'node:events';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { isAnswering } from '../src/redis/check.ts';
import { createTestDatabase, startTestRedis, type TestRedis } from '../src/testing/index.ts';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

test('two test databases share a server and nothing else', async () => {
  const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const one = new pg.Client({ connectionString: first.url });
  const two = new pg.Client({ connectionString: second.url });
  await Promise.all([one.connect(), two.connect()]);
  await one.query('CREATE TABLE item (id int)');
  const tables = await two.query(`SELECT count(*)::int AS count FROM pg_tables WHERE tablename = 'item'`);
  expect(tables.rows).toEqual([{ count: 0 }]);
  await Promise.all([one.end(), two.end()]);
  await Promise.all([first.drop(), second.drop()]);
  await expect(new pg.Client({ connectionString: first.url }).connect()).rejects.toThrow(/does not exist/);
});

test('dropping a test database ends its remaining connections', async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  const ended = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  await database.drop();
  expect(await ended).toMatchObject({ code: '57P01' });
});

test('hanging up ends the connections to one test database, and none of another with the same name', async () => {
  const databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const [one, two] = databases.map(
    ({ url }) => new pg.Client({ connectionString: url, application_name: 'test-service' }),
  ) as [pg.Client, pg.Client];
  const ended = new Promise((resolve) => one.on('error', resolve));
  await Promise.all([one.connect(), two.connect()]);
  await databases[0].hangUp();
  expect(await ended).toMatchObject({ code: '57P01' });
  expect((await two.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await two.end();
  await Promise.all(databases.map((database) => database.drop()));
});

test('a test Redis keeps its address over kill and restart, and leaves no process', async () => {
  const server = await startTestRedis();
  cleanups.push(server.stop);
  const redis = new Redis(server.url, { retryStrategy: () => 20 });
  redis.on('error', () => {});
  await redis.set('key', 'value');
  const firstPid = server.pid;
  await server.kill();
  expect(() => process.kill(firstPid, 0)).toThrow(/ESRCH/);
  await server.restart();
  expect(server.pid).not.toBe(firstPid);
  expect(await redis.get('key')).toBeNull();
  redis.disconnect();
  await server.stop();
  expect(() => process.kill(server.pid, 0)).toThrow(/ESRCH/);
});

test('a durable test Redis has its data after a restart', async () => {
  const server = await startTestRedis({ durable: true });
  cleanups.push(server.stop);
  const redis = new Redis(server.url, { retryStrategy: () => 20 });
  redis.on('error', () => {});
  await redis.set('key', 'value');
  await server.restart();
  expect(await redis.get('key')).toBe('value');
  redis.disconnect();
  await server.stop();
});

test('a test Redis that was not changed serves the next caller, without the data of the first one', async () => {
  const first = await startTestRedis();
  const redis = new Redis(first.url);
  await redis.set('key', 'value');
  await redis.script('LOAD', 'return 1');
  await redis.quit();
  await first.stop();
  const second = await startTestRedis();
  cleanups.push(second.stop);
  expect(second.url).toBe(first.url);
  const again = new Redis(second.url);
  expect(await again.dbsize()).toBe(0);
  expect(await again.info('memory')).toContain('number_of_cached_scripts:0');
  await again.quit();
});

test.each<{ left: string; leave(redis: Redis, server: TestRedis): Promise<unknown> }>([
  { left: 'with another configuration', leave: (redis) => redis.config('SET', 'maxmemory', '100mb') },
  { left: 'with another user', leave: (redis) => redis.call('ACL', 'SETUSER', 'somebody') },
  { left: 'with a file of its data', leave: (redis) => redis.save() },
  { left: 'as a replica', leave: (redis) => redis.replicaof('127.0.0.1', 1) },
  { left: 'by somebody who knows its process', leave: async (_redis, { pid }) => process.kill(pid, 0) },
])('a test Redis that is left $left ends', async ({ leave }) => {
  const server = await startTestRedis();
  const redis = new Redis(server.url);
  await leave(redis, server);
  await redis.quit();
  await server.stop();
  expect(await isAnswering(Number(new URL(server.url).port))).toBe(false);
});

test('a test Redis that still has a connection ends', async () => {
  const server = await startTestRedis();
  const redis = new Redis(server.url, { retryStrategy: () => null });
  await redis.ping();
  const ended = once(redis, 'end');
  await server.stop();
  await ended;
});
