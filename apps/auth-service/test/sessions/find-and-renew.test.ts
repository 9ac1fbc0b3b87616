import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sessionKey } from '../../src/redis/key-names.ts';
import type { SessionStore } from '../../src/sessions/session-store.ts';
import { client, createClock, createStore, newSession, openTestRedis } from './session-fixture.ts';

const { redis } = await openTestRedis();

async function setUp() {
  const clock = createClock();
  const store = createStore({ redis, clock: clock.now, shards: 4 });
  const { grant, refreshToken } = await store.start(newSession({ scopes: ['cart:read'] }));
  return { clock, store, grant, refreshToken };
}

test('a living session is found with its grant', async () => {
  const { store, grant } = await setUp();
  expect(await store.find(grant.subject, grant.sessionId)).toEqual(grant);
});

test('renewing changes auth_time in the grant and in what refreshes bring, and nothing else', async () => {
  const { store, grant, clock, refreshToken } = await setUp();
  const key = sessionKey(grant.sessionId);
  const [before, ttl] = [await redis.hgetall(key), await redis.pexpiretime(key)];
  clock.advance(90_500);
  const authTime = Math.floor(clock.now() / 1000);
  expect(await store.renewAuthTime(grant.subject, grant.sessionId)).toEqual({
    ...grant,
    authTime,
    readAt: clock.now(),
  });
  expect(await redis.hgetall(key)).toEqual({ ...before, a: String(authTime) });
  expect(await redis.pexpiretime(key)).toBe(ttl);
  expect(await store.refresh(refreshToken, client)).toMatchObject({
    verdict: 'ROTATED',
    grant: { authTime },
  });
});

describe.each<[string, (store: SessionStore, subject: string, id: string) => Promise<unknown>]>([
  ['find', (store, subject, id) => store.find(subject, id)],
  ['renewAuthTime', (store, subject, id) => store.renewAuthTime(subject, id)],
])('%s passes over', (_name, ask) => {
  test('somebody else’s session, in this shard or another', async () => {
    const { store, grant } = await setUp();
    for (let stranger = 0; stranger < 12; stranger++) {
      expect(await ask(store, randomBytes(16).toString('base64url'), grant.sessionId)).toBeUndefined();
    }
  });

  test('a session that has ended', async () => {
    const { store, grant } = await setUp();
    await store.end(grant.subject, grant.sessionId, 'sign_out');
    expect(await ask(store, grant.subject, grant.sessionId)).toBeUndefined();
  });

  test('a session at its absolute expiry', async () => {
    const { store, grant, clock } = await setUp();
    clock.advance(grant.expiresAt - clock.now());
    expect(await ask(store, grant.subject, grant.sessionId)).toBeUndefined();
  });

  test('an unknown session, and a text that is no session id', async () => {
    const { store, grant } = await setUp();
    const shard = grant.sessionId.split('-')[0];
    for (const id of [`${shard}-${'a'.repeat(22)}`, '', 'x', '__proto__']) {
      expect(await ask(store, grant.subject, id)).toBeUndefined();
      expect(await redis.exists(`{${shard}}:session:${id}`)).toBe(0);
    }
  });
});
