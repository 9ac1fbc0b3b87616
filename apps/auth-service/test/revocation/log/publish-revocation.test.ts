import { readFile } from 'node:fs/promises';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { StreamEntry } from '../../../src/revocation/log/revocation.ts';
import { createRevocationLog } from '../../../src/revocation/log/revocation-log.ts';
import { startLossyProxy } from '../../sessions/lossy-proxy.ts';
import {
  client,
  connect,
  connectPatiently,
  createClock,
  createMacKeys,
  createStore,
  newSession,
  openTestRedis,
  revocationsIn,
} from '../../sessions/session-fixture.ts';
import { bytesOf, someSession } from './log-fixture.ts';

const stream = '{0}:revocations';
const head = '{0}:revocations:head';

const { server, redis } = await openTestRedis();
/** Without the request timeout, so that a slow machine does not matter. */
const patient = connectPatiently(server.url);
afterAll(() => patient.disconnect());
beforeEach(() => redis.flushall());

const scripts = (name: string) => new URL(`../../../src/revocation/log/scripts/${name}`, import.meta.url);

function openLog(revocationSeconds: number) {
  const options = { redis: patient, redisUrl: server.url, shards: 1, clock: Date.now, onError: () => {} };
  return createRevocationLog({ ...options, revocationSeconds });
}

type Retained = { now: number; entries: { number: number; at: number }[] };

/** Everything in the stream, and Redis' time at that moment. */
async function retained(): Promise<Retained> {
  const replies = await redis.multi().time().xrange(stream, '-', '+').exec();
  const [[, time], [, entries]] = replies as [[null, [string, string]], [null, StreamEntry[]]];
  return {
    now: Number(time[0]) * 1000 + Number(time[1]) / 1000,
    entries: entries.map(([id, fields]) => ({ number: Number.parseInt(id, 10), at: Number(fields.at(-1)) })),
  };
}

test('trimming drops entries that are older than the retention, a hundred at a time, and never younger ones', async () => {
  const log = openLog(330);
  await log.publish(someSession(0));
  // One person ended all sessions 331 s ago, and another just now.
  const fill = `
    for number = 3, 1000 do
      redis.call('XADD', KEYS[1], number .. '-0', 'kind', 'session', 'id', 'x', 'reason', 'sign_out', 'at', ARGV[1])
    end
    for number = 1001, 1500 do
      redis.call('XADD', KEYS[1], number .. '-0', 'kind', 'session', 'id', 'x', 'reason', 'sign_out', 'at', ARGV[2])
    end
    redis.call('XTRIM', KEYS[1], 'MINID', '3-0')
    redis.call('HSET', KEYS[2], 'sequence', 1500, 'oldest', 3)`;
  const { now } = await retained();
  await redis.eval(fill, 2, stream, head, Math.floor(now) - 331_000, Math.floor(now) - 320_000);

  const oldest: (number | undefined)[] = [];
  for (let round = 0; round < 12; round++) {
    await log.publish(someSession(round));
    const { entries } = await retained();
    oldest.push(entries[0]?.number);
    expect(entries.at(-1)?.number).toBe(1501 + round);
    expect(entries.map(({ number }) => number)).toEqual(
      Array.from({ length: entries.length }, (_, index) => (entries[0]?.number ?? 0) + index),
    );
  }
  expect(oldest).toEqual([103, 203, 303, 403, 503, 603, 703, 803, 903, 1001, 1001, 1001]);
});

test('memory is bounded by the rate times the retention, and no entry goes before its time', async () => {
  const retentionMs = 250;
  const log = openLog(retentionMs / 1000);
  const publishedAt = new Map<number, number>();
  let published = 0;
  let maxEntries = 0;
  let wasTrimmed = false;
  while (published <= 2 * maxEntries || !wasTrimmed) {
    await Promise.all(Array.from({ length: 50 }, () => log.publish(someSession(published++))));
    const { now, entries } = await retained();
    for (const { number, at } of entries) publishedAt.set(number, at);
    const kept = new Set(entries.map(({ number }) => number));
    for (const [number, at] of publishedAt) {
      if (now - at < retentionMs) expect(kept.has(number), `${number}, ${now - at} ms old`).toBe(true);
    }
    const newest = entries.at(-1)?.at ?? now;
    expect(entries.filter(({ at }) => at < newest - retentionMs)).toEqual([]);
    maxEntries = Math.max(maxEntries, entries.length);
    wasTrimmed ||= Number(entries[0]?.number) > 1;
  }
});

test('100,000 entries that matter are all kept, in less than 120 bytes each', async () => {
  // Runs within Redis, by the function that every script publishes with. Single calls would take 10 s of CPU time.
  const functions = await readFile(scripts('publish-revocation.lua'), 'utf8');
  const publish = `${functions}
    for number = ARGV[1], ARGV[1] + 999 do
      local fields = { 'kind', 'session', 'id', string.format('0-%022.0f', number), 'reason', 'sign_out' }
      publish_revocation(KEYS[1], KEYS[2], 330000, tonumber(ARGV[2]), fields)
    end`;
  for (let number = 0; number < 100_000; number += 1_000)
    await patient.eval(publish, 2, stream, head, number, Date.now());
  expect(await redis.xlen(stream)).toBe(100_001);
  const bytes = await bytesOf(redis, stream);
  expect(bytes / 100_000).toBeLessThan(120);
});

test('once nothing was revoked for as long as an entry is kept, the stream goes, and its numbers do not come again', async () => {
  const log = openLog(0.05);
  await log.publish(someSession(1));
  await eventually('the stream of revocations has expired', async () =>
    expect(await redis.exists(stream)).toBe(0),
  );
  // For longer, so that it is still there when it is read.
  await openLog(60).publish(someSession(2));
  expect(await redis.hget(head, 'sequence')).toBe('3');
  expect((await retained()).entries.map(({ number }) => number)).toEqual([3]);
});

test('a head that was lost makes a new data set, whatever is in the stream', async () => {
  const log = openLog(330);
  for (let number = 0; number < 5; number++) await log.publish(someSession(number));
  await redis.del(head);
  await log.publish(someSession(6));
  expect(await revocationsIn(redis)).toEqual([
    { kind: 'all', before: expect.any(Number), reason: 'store_lost' },
    someSession(6),
  ]);
});

test('a script that fails in the middle has written nothing', async () => {
  const store = createStore({ redis, clock: Date.now });
  const { grant } = await store.start(newSession());
  // XADD refuses a number that the stream has already had.
  await redis.xadd(stream, '9-0', 'x', 'y');
  await expect(store.end(grant.subject, grant.sessionId, 'sign_out')).rejects.toThrow(/XADD/);
  expect(await redis.hget(head, 'sequence')).toBe('1');
  expect(await store.find(grant.subject, grant.sessionId)).toBeDefined();
  expect(await store.list(grant.subject)).toHaveLength(1);
});

test('a script that is sent twice because the reply was lost has one effect: ends, reuse, changes of roles, starts', async () => {
  const proxy = await startLossyProxy(server.url);
  const lossy = connect(proxy.url);
  const clock = createClock();
  const store = createStore({ redis: lossy, clock: clock.now });
  const losing = async <T>(operation: () => Promise<T>): Promise<T> => {
    await lossy.ping();
    proxy.loseReplies(1);
    return operation();
  };
  try {
    for (let round = 0; round < 20; round++) {
      const session = newSession();
      const { grant } = await losing(() => store.start(session));
      expect(grant).toMatchObject({ subject: session.subject });
      const { refreshToken } = await store.start(session);
      await losing(() => store.changeRoles(session.subject, { roles: ['viewer'], rolesVersion: round + 1 }));
      await losing(() => store.end(session.subject, grant.sessionId, 'sign_out'));
      await store.refresh(refreshToken, client);
      clock.advance(60_000);
      const reused = await losing(() => store.refresh(refreshToken, client));
      expect(['REUSED', 'REVOKED']).toContain(reused.verdict);
      const of = (await revocationsIn(redis)).slice(-3);
      expect(of.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual([
        'subject roles_changed',
        'session sign_out',
        'session reuse',
      ]);
    }
    expect(proxy.lost()).toBe(80);
    expect(await redis.xlen(stream)).toBe(61);
  } finally {
    lossy.disconnect();
    await proxy.stop();
  }
});

test('a session that has ended is not started again by a request that Redis gets twice', async () => {
  const store = createStore({ redis, clock: Date.now, macKeys: createMacKeys() });
  const asked: (string | number)[][] = [];
  const connection = connect(server.url);
  try {
    const recording = createStore({
      redis: new Proxy(connection, {
        get(target, name) {
          const member = Reflect.get(target, name, target);
          if (name !== 'startSession') return typeof member === 'function' ? member.bind(target) : member;
          return (...args: (string | number)[]) => {
            asked.push(args);
            return (member as (...all: (string | number)[]) => Promise<number>).apply(target, args);
          };
        },
      }),
      clock: Date.now,
    });
    const { grant } = await recording.start(newSession());
    await store.end(grant.subject, grant.sessionId, 'displaced');
    await (connection as unknown as { startSession(...args: unknown[]): Promise<number> }).startSession(
      ...(asked[0] ?? []),
    );
    expect(await store.find(grant.subject, grant.sessionId)).toBeUndefined();
    expect(await store.list(grant.subject)).toEqual([]);
  } finally {
    connection.disconnect();
  }
});
