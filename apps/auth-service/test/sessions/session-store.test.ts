import { expect, test } from 'vitest';
import { maxSessions } from '../../src/sessions/sessions-of-subject.ts';
import {
  client,
  createClock,
  createMacKeys,
  createStore,
  newSession,
  openTestRedis,
} from './session-fixture.ts';

const { redis } = await openTestRedis();

test('of two changes of roles the later one counts, in whichever order they arrive', async () => {
  const store = createStore({ redis, clock: Date.now });
  const session = newSession();
  const { refreshToken } = await store.start(session);
  await store.changeRoles(session.subject, { roles: ['viewer'], rolesVersion: 2 });
  await store.changeRoles(session.subject, { roles: ['admin'], rolesVersion: 1 });
  expect(await store.refresh(refreshToken, client)).toMatchObject({ grant: { roles: ['viewer'] } });
});

test(`a person has ${maxSessions} sessions at most: beyond them the oldest ends`, async () => {
  const clock = createClock();
  const store = createStore({ redis, clock: clock.now });
  const session = newSession();
  const started = [];
  for (let count = 0; count < maxSessions + 2; count++) {
    started.push(await store.start(session));
    clock.advance(1);
  }
  const [first, second, third] = started;
  expect(started.flatMap(({ displaced }) => displaced)).toEqual([
    first?.grant.sessionId,
    second?.grant.sessionId,
  ]);
  expect(await store.list(session.subject)).toHaveLength(maxSessions);
  expect(await store.refresh(second?.refreshToken ?? '', client)).toEqual({
    verdict: 'REVOKED',
    reason: 'too_many',
  });
  expect(await store.refresh(third?.refreshToken ?? '', client)).toMatchObject({ verdict: 'ROTATED' });
  expect(await store.endAll(session.subject, 'ended_all')).toHaveLength(maxSessions);
});

test('a session that expires before the others is not ended as the oldest: neither when it begins nor at the next', async () => {
  const clock = createClock();
  const store = createStore({ redis, clock: clock.now });
  const session = newSession();
  const oldest = [];
  for (let count = 0; count < maxSessions; count++) {
    oldest.push((await store.start(session)).grant.sessionId);
    clock.advance(1_000);
  }
  for (let count = 0; count < 3; count++) {
    const short = await store.start({ ...session, lifetimeSeconds: 300 });
    expect(short.displaced).toEqual([oldest[count]]);
    expect(await store.find(session.subject, short.grant.sessionId)).toBeDefined();
    clock.advance(1_000);
  }
});

test('a session that began after a clock was set back is not ended as the oldest', async () => {
  const clock = createClock();
  const store = createStore({ redis, clock: clock.now });
  const session = newSession();
  for (let count = 0; count < maxSessions; count++) await store.start(session);
  clock.advance(-30_000);
  const { grant, displaced } = await store.start(session);
  expect(displaced).toHaveLength(1);
  expect(await store.find(session.subject, grant.sessionId)).toBeDefined();
});

test('a session whose person belongs to another shard by now ends at its next refresh', async () => {
  const macKeys = createMacKeys();
  const before = createStore({ redis, clock: Date.now, macKeys, shards: 1 });
  const after = createStore({ redis, clock: Date.now, macKeys, shards: 1024 });
  const { refreshToken, grant } = await before.start(newSession());
  expect(await after.refresh(refreshToken, client)).toEqual({ verdict: 'REVOKED', reason: 'shards_changed' });
  expect(await before.end(grant.subject, grant.sessionId, 'sign_out')).toBe(false);
});

test("every key that a session leaves goes by itself, the person's list with the last of them", async () => {
  await redis.flushdb();
  const store = createStore({ redis, clock: Date.now });
  const session = newSession();
  const { grant, refreshToken } = await store.start(session);
  await store.refresh(refreshToken, client);
  await store.end(session.subject, grant.sessionId, 'sign_out');
  const keys = (await redis.keys('*')).filter((key) => !key.endsWith(':revocations:head'));
  expect(keys.length).toBeGreaterThan(1);
  for (const key of keys) {
    const expiresAt = await redis.pexpiretime(key);
    expect(expiresAt, key).toBeGreaterThan(0);
    expect(expiresAt, key).toBeLessThanOrEqual(Date.now() + 3_600_000);
  }
});
