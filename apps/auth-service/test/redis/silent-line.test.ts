import { setImmediate } from 'node:timers/promises';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually, standStillFor } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { createRevocations } from '../../src/revocation/revocations.ts';
import { follow } from '../revocation/log/log-fixture.ts';
import { client, connect, createMacKeys, createStore, newSession } from '../sessions/session-fixture.ts';

let server: TestRedis;
let link: NetworkLink;
let redis: RedisClient;
/** Does not use the link. */
let other: RedisClient;
beforeEach(async () => {
  server = await startTestRedis();
  link = await startNetworkLink(server.url);
  redis = connectRedis({ url: link.url, onError: () => {}, silentLineMs: 900 });
  other = connect(server.url);
});
afterEach(async () => {
  redis.disconnect();
  other.disconnect();
  await link.close();
  await server.stop();
});

test('a connection that falls silent is replaced, and commands that were given up are not sent on the new one', async () => {
  const macKeys = createMacKeys();
  const store = createStore({ redis, clock: Date.now, macKeys });
  const atServer = createStore({ redis: other, clock: Date.now, macKeys });
  const session = newSession();
  const { refreshToken, grant } = await atServer.start(session);
  await eventually('Redis is reached through the link', () => redis.ping());
  const admin = new Redis(server.url);
  const monitor = await admin.monitor();
  const seen: string[] = [];
  monitor.on('monitor', (_time: string, args: string[]) => seen.push(args.join(' ')));

  link.silence();
  const asked = [
    store.refresh(refreshToken, client),
    store.rename(session.subject, grant.sessionId, 'never heard of'),
    store.list(session.subject),
  ];
  for (const outcome of await Promise.allSettled(asked)) expect(outcome.status).toBe('rejected');

  await eventually('refreshes work again', () => store.refresh(refreshToken, client));
  expect(await atServer.list(session.subject)).toMatchObject([{ deviceName: session.deviceName }]);
  expect(seen.filter((command) => command.includes('never heard of'))).toEqual([]);
  expect(seen.filter((command) => command.includes('zrangebyscore'))).toHaveLength(1);
  monitor.disconnect();
  admin.disconnect();
});

test('the readers of the log of revocations replace a silent connection, and miss nothing', async () => {
  const errors: string[] = [];
  const options = { redis, redisUrl: link.url, shards: 1, retentionSeconds: 330, clock: Date.now };
  const revocations = createRevocations({ ...options, onError: ({ message }) => errors.push(message) });
  await follow(revocations.log, revocations.start);
  const heard: unknown[] = [];
  revocations.log.onBatch((batch) => heard.push(...batch.revocations));
  try {
    link.silence();
    const store = createStore({ redis: other, clock: Date.now });
    const { grant } = await store.start(newSession());
    await store.end(grant.subject, grant.sessionId, 'sign_out');
    await eventually('the sign-out has arrived', () =>
      expect(heard).toMatchObject([{ kind: 'session', id: grant.sessionId }]),
    );
    await eventually('the log follows', () => expect(revocations.log.isFollowing).toBe(true));
    // On a busy machine, the new connection may be given up too.
    expect(errors).toContainEqual(expect.stringContaining('did not answer'));
  } finally {
    await revocations.stop();
  }
});

test('a connection is kept for as long as a command may take', async () => {
  const patient = connect(server.url);
  const id = await patient.client('ID');
  await other.call('CLIENT', 'PAUSE', 2_500, 'ALL');
  expect(await patient.client('ID')).toBe(id);
  patient.disconnect();
});

test('an answer that came while this process stood still is taken, and the connection is kept', async () => {
  const timely = connectRedis({
    url: server.url,
    onError: () => {},
    commandTimeoutMs: 4_000,
    silentLineMs: 5_000,
  });
  try {
    const store = createStore({ redis: timely, clock: Date.now, macKeys: createMacKeys() });
    const { refreshToken } = await store.start(newSession());
    const before = await timely.client('ID');
    const refreshed = store.refresh(refreshToken, client);
    await setImmediate();
    standStillFor(5_500);
    expect(await refreshed).toMatchObject({ verdict: 'ROTATED' });
    expect(await timely.client('ID')).toBe(before);
  } finally {
    timely.disconnect();
  }
});
