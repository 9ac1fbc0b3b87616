import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { sessionKey, sessionsOfSubjectKey } from '../../src/redis/key-names.ts';
import { keepData, replicate } from '../support/redis-data.ts';
import {
  client,
  connect,
  createClock,
  createMacKeys,
  createMemory,
  createStore,
  createTestDataSets,
  lossSeconds,
  newSession,
  revocationsIn,
} from './session-fixture.ts';

const unavailable = { status: 503, code: 'session_store_unavailable' };

let server: TestRedis;
/** A second Redis without our sessions. */
let other: TestRedis;
let redis: RedisClient;
let otherRedis: RedisClient;
beforeAll(async () => {
  [server, other] = await Promise.all([startTestRedis(), startTestRedis()]);
  redis = connect(server.url);
  otherRedis = connect(other.url);
  // Otherwise the master would wait 5 s for more replicas.
  await otherRedis.config('SET', 'repl-diskless-sync-delay', 0);
});
beforeEach(async () => {
  await redis.config('SET', 'replica-read-only', 'yes');
  await Promise.all([redis.flushall(), otherRedis.flushall()]);
});
afterAll(async () => {
  redis.disconnect();
  otherRedis.disconnect();
  await Promise.all([server.stop(), other.stop()]);
});

/** A session in a known data set that is some seconds old. */
async function setUp() {
  const clock = createClock();
  const memory = createMemory();
  const macKeys = createMacKeys();
  /** Another replica, or this one after a restart. */
  const start = async () => {
    const dataSets = createTestDataSets({ redis, clock: clock.now, memory });
    await dataSets.start();
    return { dataSets, store: createStore({ redis, clock: clock.now, macKeys, dataSets }) };
  };
  const { dataSets, store } = await start();
  await dataSets.confirm(0);
  clock.advance(60_000);
  const person = newSession();
  const session = await store.start(person);
  clock.advance(60_000);
  return { ...session, id: session.grant.sessionId, person, store, dataSets, macKeys, clock, start };
}

type Setup = Awaited<ReturnType<typeof setUp>>;

/** Every operation whose answer depends on missing data. */
const questions: Record<string, (of: Setup) => Promise<unknown>> = {
  refresh: ({ store, refreshToken }) => store.refresh(refreshToken, client),
  grantOf: ({ store, refreshToken }) => store.grantOf(refreshToken, client),
  find: ({ store, person, id }) => store.find(person.subject, id),
  renewAuthTime: ({ store, person, id }) => store.renewAuthTime(person.subject, id),
  list: ({ store, person }) => store.list(person.subject),
  rename: ({ store, person, id }) => store.rename(person.subject, id, 'Phone'),
  end: ({ store, person, id }) => store.end(person.subject, id, 'sign_out'),
  endAll: ({ store, person }) => store.endAll(person.subject, 'ended_all'),
  changeRoles: ({ store, person }) =>
    store.changeRoles(person.subject, { roles: ['admin'], rolesVersion: 1 }),
};

/** Ways to a Redis that does not have our data. */
const absences: Record<string, () => Promise<unknown>> = {
  'a read-only replica of an empty server': replicated,
  'a read-only replica of a server with other data': async () => {
    await createTestDataSets({ redis: otherRedis, clock: Date.now }).confirm(0);
    await replicated();
  },
  'a replica of an empty server that takes writes': async () => {
    await redis.config('SET', 'replica-read-only', 'no');
    await replicated();
  },
  'an empty server': emptied,
  'a server with other data': async () => {
    await emptied();
    await createStore({ redis, clock: Date.now }).start(newSession());
  },
};

let restore: () => Promise<void>;
async function emptied(): Promise<void> {
  restore = await keepData(redis);
  await redis.flushall();
}
async function replicated(): Promise<void> {
  restore = await keepData(redis);
  await replicate(redis, other);
}

describe.each(Object.entries(absences))('while Redis is %s', (_, leave) => {
  test('a refresh is 503 forty times, and goes on with the same token when the data is back', async () => {
    const of = await setUp();
    await leave();
    for (let time = 0; time < 40; time++) {
      of.clock.advance(1_000);
      await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    }
    await restore();
    expect(await of.store.refresh(of.refreshToken, client)).toMatchObject({ verdict: 'ROTATED' });
  });

  test('no session counts as missing, whichever replica is asked, and whenever it started', async () => {
    const of = await setUp();
    await leave();
    const late = await of.start();
    for (const [what, ask] of Object.entries(questions)) {
      await expect(ask(of), what).rejects.toMatchObject(unavailable);
      await expect(ask({ ...of, ...late }), what).rejects.toMatchObject(unavailable);
    }
    await restore();
    await of.dataSets.confirm(0);
    expect(of.dataSets.areKnown).toBe(true);
    for (const [what, ask] of Object.entries(questions)) await expect(ask(of), what).resolves.not.toBe(false);
  });
});

test.each(['yes', 'no'])(
  'a replica of an empty server is never believed, however long it stays (read-only: %s)',
  async (readOnly) => {
    const of = await setUp();
    await redis.config('SET', 'replica-read-only', readOnly);
    await replicated();
    for (let hour = 0; hour < 5; hour++) {
      of.clock.advance(3_600_000 / 10);
      await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    }
    await restore();
  },
);

describe('an older copy of the data, as a replica has it that lagged and became the master', () => {
  /** Restores a copy from before the session began, on another server. */
  async function goBack() {
    const of = await setUp();
    const now = await keepData(redis);
    await redis.del(sessionKey(of.id), sessionsOfSubjectKey(0, of.person.subject));
    await redis.hset('{0}:revocations:head', 'run', 'of-the-server-before');
    return { ...of, restore: now };
  }

  test('is not believed for a while that a session is lost, and the session goes on if it comes back', async () => {
    const of = await goBack();
    const late = await of.start();
    for (const what of ['refresh', 'grantOf', 'find', 'renewAuthTime', 'rename', 'end']) {
      await expect(questions[what]?.(of), what).rejects.toMatchObject(unavailable);
      await expect(questions[what]?.({ ...of, ...late }), what).rejects.toMatchObject(unavailable);
    }
    // Ending all sessions ends those that exist in this copy.
    expect(await of.store.endAll(of.person.subject, 'ended_all')).toEqual([]);
    await of.restore();
    expect(await of.store.refresh(of.refreshToken, client)).toMatchObject({ verdict: 'ROTATED' });
  });

  test('is believed at once of a session that has ended: a browser that has its cookie can sign in', async () => {
    const of = await setUp();
    await of.store.end(of.person.subject, of.id, 'ended_by_user');
    await redis.hset('{0}:revocations:head', 'run', 'of-the-server-before');
    expect(await questions['end']?.(of)).toBe(false);
    expect(await questions['rename']?.(of)).toBeUndefined();
    expect(await questions['renewAuthTime']?.(of)).toBeUndefined();
  });

  test('is not believed earlier because a clock was ahead when the copy came', async () => {
    const of = await goBack();
    of.clock.advance(600_000);
    await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    of.clock.advance(-600_000);
    await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    of.clock.advance(lossSeconds * 1000);
    expect(await of.store.refresh(of.refreshToken, client)).toMatchObject({ verdict: 'LOST', isNews: true });
  });

  test('is believed afterwards', async () => {
    const of = await goBack();
    await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    of.clock.advance(lossSeconds * 1000 - 1);
    await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    of.clock.advance(1);
    expect(await of.store.refresh(of.refreshToken, client)).toMatchObject({ verdict: 'LOST', isNews: true });
  });
});

describe('data that does not come back', () => {
  test('is lost after the bound, for each replica and for good; the answer says when to ask again', async () => {
    const of = await setUp();
    const another = await of.start();
    const ask = (store: Setup['store']) => store.refresh(of.refreshToken, client);
    await redis.flushall();
    await expect(ask(of.store)).rejects.toMatchObject({ ...unavailable, headers: { 'retry-after': '5' } });
    await expect(ask(another.store)).rejects.toMatchObject(unavailable);
    expect(of.dataSets.areKnown).toBe(false);
    of.clock.advance(lossSeconds * 1000 - 1);
    await expect(ask(of.store)).rejects.toMatchObject({ ...unavailable, headers: { 'retry-after': '1' } });
    of.clock.advance(1);
    const lost = { verdict: 'LOST', sessionId: of.id, isNews: false };
    expect(await ask(of.store)).toEqual(lost);
    expect(await ask(another.store)).toEqual(lost);
    expect(await ask((await of.start()).store)).toEqual(lost);
    expect(of.dataSets.areKnown).toBe(true);
    // The loss of the data set revoked all its tokens at once.
    expect(await revocationsIn(redis)).toEqual([
      { kind: 'all', before: expect.any(Number), reason: 'store_lost' },
    ]);
    expect(await of.store.list(of.person.subject)).toEqual([]);
  });

  test('is lost once it has been away without a break: another server in between begins the time anew', async () => {
    const of = await setUp();
    const ask = () => of.store.refresh(of.refreshToken, client);
    for (let round = 0; round < 3; round++) {
      await redis.flushall();
      await expect(ask()).rejects.toMatchObject(unavailable);
      of.clock.advance(lossSeconds * 1000 - 1);
      await expect(ask()).rejects.toMatchObject(unavailable);
    }
  });

  test('a clock that is set back makes the time no longer than it is', async () => {
    const of = await setUp();
    await redis.flushall();
    await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    of.clock.advance(-20_000);
    await expect(of.store.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
    of.clock.advance(lossSeconds * 1000);
    expect(await of.store.refresh(of.refreshToken, client)).toMatchObject({ verdict: 'LOST' });
  });

  test('does not prevent a new sign-in at once', async () => {
    const of = await setUp();
    await redis.flushall();
    const { grant, refreshToken } = await of.store.start(of.person);
    expect(await of.store.endSurplus(grant, 1)).toEqual([]);
    expect(await of.store.grantOf(of.refreshToken, client, { evenIfUncertain: true })).toBeUndefined();
    expect(await of.store.refresh(refreshToken, client)).toMatchObject({ verdict: 'ROTATED' });
    // A session that exists can be ended.
    expect(await of.store.end(of.person.subject, grant.sessionId, 'sign_out')).toBe(true);
  });
});

test('a session is not taken for expired while its data may come back, since its lifetime may have been longer', async () => {
  const of = await setUp();
  const comeBack = await keepData(redis);
  const lowered = createStore({
    ...{ redis, clock: of.clock.now, macKeys: of.macKeys, dataSets: of.dataSets },
    sessionSeconds: 60,
  });
  of.clock.advance(600_000);
  await redis.flushall();
  await expect(lowered.refresh(of.refreshToken, client)).rejects.toMatchObject(unavailable);
  await expect(lowered.grantOf(of.refreshToken, client)).rejects.toMatchObject(unavailable);
  await comeBack();
  expect(await lowered.grantOf(of.refreshToken, client)).toBeDefined();
  expect(await lowered.refresh(of.refreshToken, client)).toMatchObject({ verdict: 'ROTATED' });
});

describe('a session that Redis evicted', () => {
  test('is told apart from a sign-out, to its owner and to all services, once', async () => {
    const of = await setUp();
    await redis.del(sessionKey(of.id));
    expect(await of.store.refresh(of.refreshToken, client)).toEqual({
      verdict: 'LOST',
      sessionId: of.id,
      isNews: true,
    });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => of.store.refresh(of.refreshToken, client)),
    );
    for (const outcome of outcomes) expect(outcome).toEqual({ verdict: 'REVOKED', reason: 'session_lost' });
    expect((await revocationsIn(redis)).filter(({ kind }) => kind === 'session')).toEqual([
      { kind: 'session', id: of.id, reason: 'session_lost' },
    ]);
    // The record of the lost session expires soon.
    expect(await redis.pttl(sessionKey(of.id))).toBeLessThanOrEqual(330_000);
    expect(await of.store.find(of.person.subject, of.id)).toBeUndefined();
    expect(await of.store.grantOf(of.refreshToken, client)).toBeUndefined();
    expect(await of.store.list(of.person.subject)).toEqual([]);
    expect(await of.store.endAll(of.person.subject, 'ended_all')).toEqual([]);
  });

  test('does not count as evicted when it had expired', async () => {
    const of = await setUp();
    await redis.del(sessionKey(of.id));
    of.clock.advance(3600_000);
    expect(await of.store.refresh(of.refreshToken, client)).toEqual({ verdict: 'EXPIRED' });
    expect(await of.store.grantOf(of.refreshToken, client)).toBeUndefined();
    expect((await revocationsIn(redis)).filter(({ kind }) => kind === 'session')).toEqual([]);
  });

  test('is back in its person’s list once it is used, if that list was evicted', async () => {
    const of = await setUp();
    const second = await of.store.start(of.person);
    await redis.del(sessionsOfSubjectKey(0, of.person.subject));
    expect(await of.store.list(of.person.subject)).toEqual([]);
    await of.store.refresh(of.refreshToken, client);
    await of.store.refresh(second.refreshToken, client);
    const list = sessionsOfSubjectKey(0, of.person.subject);
    expect(await redis.pexpiretime(list)).toBe(second.grant.expiresAt);
    expect((await of.store.endAll(of.person.subject, 'ended_all')).sort()).toEqual(
      [of.id, second.grant.sessionId].sort(),
    );
  });
});

test('a full Redis that evicts nothing takes no sign-in, but can still be read', async () => {
  const of = await setUp();
  await redis.config('SET', 'maxmemory', 1, 'maxmemory-policy', 'noeviction');
  try {
    await expect(of.store.start(newSession())).rejects.toMatchObject(unavailable);
    expect(await of.store.list(of.person.subject)).toHaveLength(1);
    expect(await of.store.find(of.person.subject, '0-aaaaaaaaaaaaaaaaaaaaaa')).toBeUndefined();
  } finally {
    await redis.config('SET', 'maxmemory', 0);
  }
});

test('a stream that was lost while its sessions live revokes their tokens, and not those of the next refresh', async () => {
  const of = await setUp();
  await redis.del('{0}:revocations');
  await of.store.start(newSession());
  const [entry] = await revocationsIn(redis);
  if (entry?.kind !== 'all') throw new Error('no entry of a lost store');
  const outcome = await of.store.refresh(of.refreshToken, client);
  expect(outcome).toMatchObject({ verdict: 'ROTATED', grant: { issuedFrom: entry.before } });
});
