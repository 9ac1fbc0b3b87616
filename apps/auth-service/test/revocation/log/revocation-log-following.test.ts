import type { Position } from '@latchkey/auth-client/feed';
import { forThisFile, standStillFor } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { follow, sequenceOf, someSession, startLogs, until } from './log-fixture.ts';

const logs = await forThisFile(startLogs());
beforeEach(() => logs.empty());
afterEach(() => logs.stopLogs());

describe('following', () => {
  test('a new data set begins with one entry: every token from before it is revoked, however recent', async () => {
    const now = 1_700_000_000_999;
    const first = logs.open({ clock: () => now });
    await follow(first.log);
    const second = logs.open({ clock: () => now + 5_000 });
    await follow(second.log);
    for (const { told, log } of [first, second]) {
      expect(told()).toEqual([{ kind: 'all', before: 1_700_000_001, reason: 'store_lost' }]);
      expect(log.issuedFrom).toBe(1_700_000_001);
      expect(log.head).toEqual([expect.stringMatching(/^[0-9a-f]{13}-1$/)]);
    }
    expect(first.log.head).toEqual(second.log.head);
  });

  test('a late reader gets the retained entries, and then the same as all others, in the same order', async () => {
    const early = logs.open();
    await follow(early.log);
    for (let number = 0; number < 1_200; number++) await early.log.publish(someSession(number));
    const late = logs.open();
    await follow(late.log);
    expect(late.told()).toHaveLength(1_201);
    await early.log.publish({ kind: 'key', id: 'a-kid', reason: 'key_revoked' });
    await until('both have heard of it', () =>
      [early, late].every(({ told }) => told().at(-1)?.kind === 'key'),
    );
    expect(late.told()).toEqual(early.told());
    expect(late.told().slice(1, -1)).toEqual(
      Array.from({ length: 1_200 }, (_, number) => someSession(number)),
    );
  });

  test('an answer that came while the process stood still is taken, however long that was', async () => {
    const { log, errors } = logs.open();
    await follow(log);
    standStillFor(3_000);
    await log.publish(someSession(0));
    await until('the log follows', () => log.isFollowing);
    expect(errors).toEqual([]);
  });

  test('every kind of revocation comes out as it went in', async () => {
    const { log, told } = logs.open();
    await follow(log);
    const revocations = [
      { kind: 'session', id: '0-abcdefghijklmnopqrstuv', reason: 'sign_out' },
      { kind: 'token', id: 'a-jti', reason: 'token_revoked' },
      { kind: 'subject', id: 'a-person', before: 1_700_000_000, reason: 'roles_changed' },
      { kind: 'client', id: 'wishlist-service', before: 1_700_000_000, reason: 'client_revoked' },
      { kind: 'key', id: 'a-kid', reason: 'key_revoked' },
    ] as const;
    for (const revocation of revocations) await log.publish(revocation);
    await until('all are told', () => told().length === 6);
    expect(told().slice(1)).toEqual(revocations);
  });

  test('an entry that nobody can read counts as the revocation of everything so far', async () => {
    const { log, redis, told } = logs.open();
    await follow(log);
    await redis.xadd(
      '{0}:revocations',
      '2-0',
      'kind',
      'continent',
      'id',
      'x',
      'reason',
      'drift',
      'at',
      '1700000000999',
    );
    await redis.hset('{0}:revocations:head', 'sequence', 2);
    await until('it is told', () => told().length === 2);
    expect(told()[1]).toEqual({ kind: 'all', before: 1_700_000_001, reason: 'unreadable' });
  });

  test('a burst of 10,000 arrives once, in order, in contiguous batches of 500 at most', async () => {
    const { log, batches, told, epochs } = logs.open();
    await follow(log);
    const publishers = Array.from({ length: 4 }, () => logs.open({ isPatient: true }));
    await Promise.all(
      Array.from({ length: 10_000 }, (_, number) => publishers[number % 4]?.log.publish(someSession(number))),
    );
    await until('all are told', () => told().length >= 10_001);
    const ids = told().flatMap((entry) => (entry.kind === 'session' ? [entry.id] : []));
    expect(ids).toHaveLength(10_000);
    expect(new Set(ids)).toEqual(
      new Set(Array.from({ length: 10_000 }, (_, number) => someSession(number).id)),
    );

    let at = batches[0]?.after;
    for (const { after, upTo, revocations } of batches) {
      expect(after).toEqual(at);
      expect(revocations.length).toBeLessThanOrEqual(500);
      expect(sequenceOf(upTo[0]) - sequenceOf(after[0])).toBe(revocations.length);
      at = upTo;
    }
    expect(log.head).toEqual(at);
    expect(epochs()).toBe(1);
  });

  test('50 publishers at a time leave no gap between the numbers, and none twice', async () => {
    const publishers = Array.from({ length: 50 }, () => logs.open({ isPatient: true }));
    await Promise.all(
      publishers.flatMap(({ log }, index) =>
        Array.from({ length: 20 }, (_, number) => log.publish(someSession(index * 20 + number))),
      ),
    );
    const ids = (await logs.open().redis.xrange('{0}:revocations', '-', '+')).map(([id]) => id);
    expect(ids).toEqual(Array.from({ length: 1_001 }, (_, index) => `${index + 1}-0`));
  });

  test('a listener that throws affects neither the other listeners nor later entries', async () => {
    const { log, told, errors } = logs.open();
    log.onBatch(() => {
      throw new Error('cannot take it');
    });
    const heard: unknown[] = [];
    const off = log.onBatch((batch) => heard.push(batch));
    await follow(log);
    await log.publish(someSession(1));
    await until('it is told', () => told().length === 2);
    const thrown = errors.filter(({ message }) => !message.includes('did not answer'));
    expect(thrown.map(({ message }) => message)).toEqual(['cannot take it', 'cannot take it']);
    off();
    await log.publish(someSession(2));
    await until('it is told', () => told().length === 3);
    expect(heard).toHaveLength(2);
    await until('the log follows', () => log.isFollowing);
  });

  test('a log that is stopped between two reads stops', async () => {
    const { log } = logs.open();
    const stopped = Promise.withResolvers<void>();
    log.onBatch(() => stopped.resolve(log.stop()));
    await log.start();
    await stopped.promise;
    expect(log.isFollowing).toBe(false);
  });

  test('head is the position of the current batch while listeners get it', async () => {
    const { log, told } = logs.open();
    const heads: [Position, Position][] = [];
    log.onBatch(({ upTo }) => heads.push([log.head, upTo]));
    await follow(log);
    await log.publish(someSession(1));
    await until('it is told', () => told().length === 2);
    for (const [head, upTo] of heads) expect(head).toEqual(upTo);
  });

  test('several shards: each in its order, all in one position', async () => {
    const { log, told, batches } = logs.open({ shards: 4 });
    await follow(log);
    expect(log.head).toHaveLength(4);
    const sent = Array.from({ length: 400 }, (_, number) => ({
      ...someSession(number),
      id: `${number % 4}-${String(number).padStart(22, 'x')}`,
    }));
    await Promise.all(sent.map((entry) => log.publish(entry)));
    await until('all are told', () => told().length === 404);
    expect(log.head.map(sequenceOf)).toEqual([101, 101, 101, 101]);
    for (const shard of [0, 1, 2, 3]) {
      const own = sent.filter(({ id }) => id.startsWith(`${shard}-`));
      expect(told().filter((entry) => 'id' in entry && entry.id.startsWith(`${shard}-`))).toEqual(own);
    }
    for (const [index, { after }] of batches.entries()) {
      if (index > 4) expect(after).toEqual(batches[index - 1]?.upTo);
    }
  });
});
