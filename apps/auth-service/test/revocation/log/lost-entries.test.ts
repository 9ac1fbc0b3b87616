import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRevocations, type Revocations } from '../../../src/revocation/revocations.ts';
import { createStore, newSession, openTestRedis, revocationsIn } from '../../sessions/session-fixture.ts';
import { dropAll, follow, sequenceOf, someSession } from './log-fixture.ts';

const stream = '{0}:revocations';
const head = '{0}:revocations:head';
const storeLost = { kind: 'all', before: expect.any(Number), reason: 'store_lost' };

const { server, redis } = await openTestRedis();
const opened: Revocations[] = [];
beforeEach(() => redis.flushall());
afterEach(async () => {
  await Promise.all(opened.splice(0).map((revocations) => revocations.stop()));
});

async function startReplica({ clock = Date.now } = {}): Promise<Revocations> {
  const revocations = createRevocations({
    redis,
    redisUrl: server.url,
    shards: 1,
    retentionSeconds: 330,
    clock,
    onError: () => {},
  });
  opened.push(revocations);
  await follow(revocations.log, revocations.start);
  return revocations;
}

const losses: Record<string, () => Promise<unknown>> = {
  'was evicted': () => redis.del(stream),
  'was evicted by Redis itself, which spares the head': async () => {
    await redis.config('SET', 'maxmemory-policy', 'volatile-lru', 'maxmemory', 1);
    await eventually('Redis has evicted everything that expires', async () => {
      // Before it refuses the write, Redis evicts what it may.
      await expect(redis.set('one', 'more')).rejects.toThrow('OOM');
      expect(await redis.exists(stream)).toBe(0);
    });
    await redis.config('SET', 'maxmemory', 0, 'maxmemory-policy', 'noeviction');
  },
  'lost its newest entry': () => redis.xdel(stream, '4-0'),
  'lost one in the middle': () => redis.xdel(stream, '3-0'),
  'was trimmed by somebody': () => redis.xtrim(stream, 'MINID', '3-0'),
  'was emptied': () => redis.xtrim(stream, 'MAXLEN', 0),
  'was made anew by somebody': () =>
    redis.multi().del(stream).xadd(stream, '4-0', 'kind', 'x', 'at', Date.now()).exec(),
  'went together with its head': () => redis.del(stream, head),
  'kept all, but its head went': () => redis.del(head),
};

beforeEach(async () => {
  const first = await startReplica();
  for (let number = 0; number < 3; number++) await first.publish(someSession(number));
});

describe.each(Object.entries(losses))('a stream that %s', (_, lose) => {
  test('is lost data for a replica that starts afterwards: all tokens from before are refused', async () => {
    await lose();
    const noticedAtMs = Date.now() + 10_000;
    const { list } = await startReplica({ clock: () => noticedAtMs });
    expect(list.find({ ...anyToken, issuedAt: Math.floor(noticedAtMs / 1000) - 5 })).toBe('store_lost');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a revocation', () => (opened[0] as Revocations).publish(someSession(9))],
    ['a sign-in', () => createStore({ redis, clock: Date.now }).start(newSession())],
  ])('is noticed by %s', async (_what, act) => {
    await lose();
    await act();
    expect((await revocationsIn(redis))[0]).toEqual(storeLost);
  });
});

test.each(['was evicted', 'lost one in the middle'])(
  'a stream that %s gives every reader that catches up a snapshot that reports the loss',
  async (loss) => {
    const [{ log }] = opened as [Revocations];
    const before = log.head;
    await losses[loss]?.();
    await eventually('the snapshot says that all was lost', async () => {
      expect((await log.read('oldest').catch(() => undefined))?.revocations).toEqual([storeLost]);
    });
    expect(await log.read(before)).toBeUndefined();
  },
);

describe.each(['xadd', 'hset', 'pexpire', 'xrange', 'del'])('a script that Redis stops at %s', (command) => {
  const refuse = () => redis.call('ACL', 'SETUSER', 'default', `-${command}`);
  const relent = () => redis.call('ACL', 'SETUSER', 'default', '+@all');
  afterEach(relent);

  test('leaves a log that goes on once it may run', async () => {
    const [{ log, publish }] = opened as [Revocations];
    const [epoch] = log.head.map((place) => place.split('-')[0]);
    await refuse();
    await publish(someSession(7)).catch(() => {});
    await relent();
    await publish(someSession(8));
    const kept = await revocationsIn(redis);
    expect(kept.slice(0, 4)).toEqual([storeLost, ...[0, 1, 2].map(someSession)]);
    expect(kept.at(-1)).toEqual(someSession(8));
    await eventually('all entries have arrived, in the same data set', () => {
      expect(log.isFollowing).toBe(true);
      expect(log.head).toEqual([`${epoch}-${kept.length}`]);
    });
  });

  test('begins no data set without an entry that says so', async () => {
    await Promise.all(opened.splice(0).map((revocations) => revocations.stop()));
    await redis.flushall();
    const store = createStore({ redis, clock: Date.now });
    await refuse();
    await store.start(newSession()).catch(() => {});
    await relent();
    await store.start(newSession());
    expect(await revocationsIn(redis)).toEqual([storeLost]);
  });
});

test('a stream that has expired is not lost', async () => {
  const [first] = opened as [Revocations];
  await eventually('all is read', () => expect(sequenceOf(first.log.head[0])).toBe(4));
  await dropAll(redis);
  const { log } = await startReplica();
  expect(log.head).toEqual(first.log.head);
  await first.publish(someSession(3));
  expect(await revocationsIn(redis)).toEqual([someSession(3)]);
});

test('the stream lives slightly longer than the head says', async () => {
  const [{ log }] = opened as [Revocations];
  await log.publish(someSession(3));
  const [until, ends] = [Number(await redis.hget(head, 'until')), await redis.pexpiretime(stream)];
  expect(ends).toBeGreaterThan(until);
  expect(until).toBeGreaterThan(ends - 1000);
  expect(await redis.ttl(head)).toBe(-1);
});

test('a time to live that somebody gave the head is removed', async () => {
  await redis.expire(head, 100);
  await startReplica();
  expect(await redis.ttl(head)).toBe(-1);
});

test('a head of an older version, without the lifetime of its entries, still works', async () => {
  const [{ log }] = opened as [Revocations];
  await log.publish(someSession(3));
  await redis.hdel(head, 'id', 'oldest', 'until');
  await redis.del(stream);
  await log.publish(someSession(2));
  expect(await revocationsIn(redis)).toEqual([someSession(2)]);
  expect(await redis.hget(head, 'id')).toBe(await redis.hget(head, 'epoch'));
});

const anyToken = {
  tokenId: 'token',
  keyId: 'key',
  subject: 'person',
  clientId: 'latchkey-cli',
  sessionId: '0-aaaaaaaaaaaaaaaaaaaaaa',
  issuedAt: Math.floor(Date.now() / 1000) + 60,
};
