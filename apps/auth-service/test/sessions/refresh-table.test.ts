import type { Revocation } from '@latchkey/auth-client';
import { describe, expect, test } from 'vitest';
import { sessionKey } from '../../src/redis/key-names.ts';
import { type MacKeys, readRefreshToken, writeRefreshToken } from '../../src/sessions/refresh-token.ts';
import { firstGeneration, type NewSession } from '../../src/sessions/session-starts.ts';
import {
  maxAdopted,
  maxBehind,
  maxClockSkewMs,
  maxReplays,
  replayGraceMs,
} from '../../src/sessions/session-store.ts';
import {
  client,
  createClock,
  createMacKeys,
  createStore,
  newSession,
  openTestRedis,
  revocationsIn,
} from './session-fixture.ts';

const { redis } = await openTestRedis();

async function setUp(macKeys: MacKeys = createMacKeys(), session: Partial<NewSession> = {}) {
  const clock = createClock();
  const store = createStore({ redis, clock: clock.now, macKeys });
  const { grant, refreshToken } = await store.start(newSession(session));
  const { sessionId } = grant;
  const tokenAt = (generation: number) =>
    writeRefreshToken({ sessionId, generation, clientId: client, key: macKeys[0] });
  const present = (token: string, clientId = client) => store.refresh(token, clientId);
  return { clock, store, grant, first: refreshToken, tokenAt, present };
}

async function revocationsOf(sessionId: string): Promise<Revocation[]> {
  return (await revocationsIn(redis)).filter((entry) => 'id' in entry && entry.id === sessionId);
}

describe('presenting a refresh token', () => {
  test('the current one is ROTATED: its successor works, and carries the grant unchanged', async () => {
    const { first, present, grant } = await setUp();
    const outcome = await present(first);
    expect(outcome).toMatchObject({ verdict: 'ROTATED', grant });
    if (!('refreshToken' in outcome)) throw new Error('no successor');
    expect(outcome.refreshToken).not.toBe(first);
    expect(await present(outcome.refreshToken)).toMatchObject({ verdict: 'ROTATED', grant });
  });

  test('the one before, within the grace, is REPLAYED: the same successor again', async () => {
    const { first, present, clock, grant } = await setUp();
    const rotated = await present(first);
    clock.advance(replayGraceMs);
    const replayed = await present(first);
    expect(replayed).toEqual({
      ...rotated,
      verdict: 'REPLAYED',
      grant: { ...grant, readAt: clock.now() },
    });
  });

  test('a replay gets the same successor even when the MAC keys were changed in between', async () => {
    const [old] = createMacKeys();
    const { first, clock, present, store } = await setUp([old]);
    const rotated = await present(first);
    const [fresh] = createMacKeys();
    const restarted = createStore({ redis, clock: clock.now, macKeys: [{ ...fresh, kid: 'k2' }, old] });
    expect(await restarted.refresh(first, client)).toEqual({ ...rotated, verdict: 'REPLAYED' });
    expect(store).not.toBe(restarted);
  });

  test('the one before, after the grace, is REUSED: the session is dead, and the feed says so once', async () => {
    const { first, present, clock, grant } = await setUp();
    const rotated = await present(first);
    clock.advance(replayGraceMs + 1);
    expect(await present(first)).toEqual({ verdict: 'REUSED', grant: { ...grant, readAt: clock.now() } });
    expect(await present(first)).toEqual({ verdict: 'REVOKED', reason: 'reuse' });
    if (!('refreshToken' in rotated)) throw new Error('no successor');
    expect(await present(rotated.refreshToken)).toEqual({ verdict: 'REVOKED', reason: 'reuse' });
    expect(await revocationsOf(grant.sessionId)).toEqual([
      { kind: 'session', id: grant.sessionId, reason: 'reuse' },
    ]);
  });

  test.each([
    ['as far back as two replicas may be apart, it is REPLAYED', maxClockSkewMs, 'REPLAYED'],
    ['further back, since a clock was wrong, it is REUSED', maxClockSkewMs + 1, 'REUSED'],
    ['back by ten minutes, it is REUSED', 600_000 - 11_500, 'REUSED'],
  ])('the one before, when the clock was set %s', async (_how, backMs, verdict) => {
    const { first, present, clock } = await setUp();
    await present(first);
    clock.advance(-backMs);
    expect(await present(first)).toMatchObject({ verdict });
  });

  test('one of two generations ago is REUSED, however fresh', async () => {
    const { first, present } = await setUp();
    const second = await present(first);
    if (!('refreshToken' in second)) throw new Error('no successor');
    await present(second.refreshToken);
    expect(await present(first)).toMatchObject({ verdict: 'REUSED' });
  });

  test(`more than ${maxReplays} replays within the grace are REUSED`, async () => {
    const { first, present } = await setUp();
    await present(first);
    for (let replay = 0; replay < maxReplays; replay++) {
      expect(await present(first)).toMatchObject({ verdict: 'REPLAYED' });
    }
    expect(await present(first)).toMatchObject({ verdict: 'REUSED' });
  });

  test('one that the store has forgotten in a failover is ADOPTED, up to the bound', async () => {
    const { present, tokenAt, grant } = await setUp();
    expect(await present(tokenAt(firstGeneration + maxAdopted))).toMatchObject({
      verdict: 'ADOPTED',
      refreshToken: tokenAt(firstGeneration + 1 + maxAdopted),
      grant,
    });
    expect(await present(tokenAt(firstGeneration + 1 + maxAdopted))).toMatchObject({ verdict: 'ROTATED' });
    expect(await present(tokenAt(firstGeneration + 3 + 2 * maxAdopted))).toMatchObject({
      verdict: 'REUSED',
    });
  });

  test('after the absolute expiry it is EXPIRED, however recently it was rotated', async () => {
    const { first, present, clock, grant } = await setUp();
    clock.advance(3600_000 - 1);
    const rotated = await present(first);
    expect(rotated).toMatchObject({ verdict: 'ROTATED', grant: { expiresAt: grant.expiresAt } });
    clock.advance(1);
    if (!('refreshToken' in rotated)) throw new Error('no successor');
    expect(await present(rotated.refreshToken)).toEqual({ verdict: 'EXPIRED' });
  });

  test('of an ended session it is REVOKED, also when the sign-out races it', async () => {
    for (let round = 0; round < 20; round++) {
      const { first, present, store, grant } = await setUp();
      const [, outcome] = await Promise.all([
        store.end(grant.subject, grant.sessionId, 'sign_out'),
        present(first),
      ]);
      expect(['ROTATED', 'REVOKED']).toContain(outcome.verdict);
      expect(await present('refreshToken' in outcome ? outcome.refreshToken : first)).toEqual({
        verdict: 'REVOKED',
        reason: 'sign_out',
      });
    }
  });

  test.each([
    ['another client', (token: string) => [token, 'storefront']],
    ['another generation', (token: string) => [token.replace(/\.100000\./, '.100001.'), client]],
    [
      'a generation with a leading zero',
      (token: string) => [token.replace(/\.100000\./, '.0100000.'), client],
    ],
    [
      'another session',
      (token: string) => [token.replace(/0-./, (id) => (id === '0-A' ? '0-B' : '0-A')), client],
    ],
    ['another key', (token: string) => [token.replace('k1', 'k2'), client]],
    ['unused bits set in its MAC', (token: string) => [withUnusedBits(token), client]],
    ['a shortened MAC', (token: string) => [token.slice(0, -1), client]],
    ['nothing in it', () => ['', client]],
    ['an access token', () => ['eyJhbGciOiJSUzI1NiJ9.e30.AAAA', client]],
  ] as const)('a forged one with %s is UNKNOWN, and harms nobody', async (_what, forge) => {
    const { first, present } = await setUp();
    const [token, clientId] = forge(first);
    expect(await present(token as string, clientId)).toEqual({ verdict: 'UNKNOWN' });
    expect(await present(first)).toMatchObject({ verdict: 'ROTATED' });
  });

  test('one of a session that should be there and is not is LOST', async () => {
    const { first, present, grant } = await setUp();
    await redis.del(sessionKey(grant.sessionId));
    expect(await present(first)).toEqual({ verdict: 'LOST', sessionId: grant.sessionId, isNews: true });
  });
});

describe('presenting a refresh token of a session that is bound to a key', () => {
  async function setUpBound() {
    const all = await setUp(createMacKeys(), { boundTo: 'own' });
    const presentWith = (token: string, key?: string) => all.store.refresh(token, client, key);
    return { ...all, presentWith };
  }

  test('with that key, it is decided as for any other', async () => {
    const { first, presentWith, tokenAt } = await setUpBound();
    expect(await presentWith(first, 'own')).toMatchObject({
      verdict: 'ROTATED',
      refreshToken: tokenAt(firstGeneration + 1),
    });
  });

  test.each([
    ['another key', 'other'],
    ['no key', undefined],
  ])('with %s it is a FOREIGN_KEY: the session goes on, and remembers when that was', async (_, key) => {
    const { first, presentWith, grant, clock } = await setUpBound();
    const before = await redis.hgetall(sessionKey(grant.sessionId));
    expect(await presentWith(first, key)).toMatchObject({ verdict: 'FOREIGN_KEY', grant });
    const f = String(Math.floor(clock.now() / 1000));
    expect(await redis.hgetall(sessionKey(grant.sessionId))).toEqual({ ...before, f });
    expect(await revocationsOf(grant.sessionId)).toEqual([]);
    expect(await presentWith(first, 'own')).toMatchObject({ verdict: 'ROTATED' });
  });

  test.each([1, 4, maxBehind])(
    '%s generations behind, at any time, it is REPLAYED: the current one again',
    async (behind) => {
      const { first, presentWith, clock, tokenAt } = await setUpBound();
      for (let done = 0; done < behind; done++) await presentWith(tokenAt(firstGeneration + done), 'own');
      for (const pauseMs of [0, 60_000, 1_800_000]) {
        clock.advance(pauseMs);
        expect(await presentWith(first, 'own')).toMatchObject({
          verdict: 'REPLAYED',
          refreshToken: tokenAt(firstGeneration + behind),
        });
        expect(await presentWith(first)).toMatchObject({ verdict: 'FOREIGN_KEY' });
      }
      expect(await presentWith(tokenAt(firstGeneration + behind), 'own')).toMatchObject({
        verdict: 'ROTATED',
      });
    },
  );

  test('further behind it is REUSED', async () => {
    const { first, presentWith, tokenAt } = await setUpBound();
    for (let done = 0; done <= maxBehind; done++) await presentWith(tokenAt(firstGeneration + done), 'own');
    expect(await presentWith(first, 'own')).toMatchObject({ verdict: 'REUSED' });
  });
});

/** The last of 43 characters has two unused bits, so this is another spelling of the same MAC. */
function withUnusedBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) as string) ^ 1];
}

test('the token can be read only with the client that it was made for', () => {
  const keys = createMacKeys();
  const sessionId = `0-${'a'.repeat(22)}`;
  const token = writeRefreshToken({ sessionId, generation: 7, clientId: client, key: keys[0] });
  expect(readRefreshToken(token, client, keys)).toEqual({ sessionId, generation: 7, kid: 'k1' });
  expect(readRefreshToken(token, 'storefront', keys)).toBeUndefined();
});
