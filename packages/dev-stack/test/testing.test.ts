import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase, startTestRedis } from '../src/testing/index.ts';

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

test('dropping a test database ends what is still connected to it', async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  const ended = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  await database.drop();
  expect(await ended).toMatchObject({ code: '57P01' });
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
