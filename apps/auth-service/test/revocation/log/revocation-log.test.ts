import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Position } from '../../../src/revocation/log/position.ts';
import type { RevocationBatch } from '../../../src/revocation/log/revocation-log.ts';
import {
  createLog,
  epochOf,
  type LogOptions,
  sequenceOf,
  someSession,
  type TestLog,
  until,
} from './log-fixture.ts';

let server: TestRedis;
const logs: TestLog[] = [];
function open(options: Partial<LogOptions> = {}): TestLog {
  const log = createLog({ url: server.url, ...options });
  logs.push(log);
  return log;
}
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  const { redis, stop } = open();
  await redis.flushall();
  await stop();
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map(({ stop }) => stop()));
});

/** All pages behind a position. */
async function readAll({ log }: TestLog, after: Position | 'oldest'): Promise<RevocationBatch[]> {
  const pages: RevocationBatch[] = [];
  for (let next: Position | 'oldest' = after; ; ) {
    const page: RevocationBatch | undefined = await log.read(next);
    if (page === undefined) throw new Error('not resumable');
    pages.push(page);
    if (String(page.upTo) === String(log.head)) return pages;
    next = page.upTo;
  }
}

describe('following', () => {
  test('a new data set begins with one entry: every token from before it is revoked, for ever so little', async () => {
    const now = 1_700_000_000_999;
    const first = open({ clock: () => now });
    await first.log.start();
    const second = open({ clock: () => now + 5_000 });
    await second.log.start();
    for (const { told, log } of [first, second]) {
      expect(told()).toEqual([{ kind: 'all', before: 1_700_000_001, reason: 'store_lost' }]);
      expect(log.issuedFrom).toBe(1_700_000_001);
      expect(log.head).toEqual([expect.stringMatching(/^[0-9a-f]{13}-1$/)]);
    }
    expect(first.log.head).toEqual(second.log.head);
  });

  test('who starts late is told what is retained, and then the same as everybody, in the same order', async () => {
    const early = open();
    await early.log.start();
    for (let number = 0; number < 1_200; number++) await early.log.publish(someSession(number));
    const late = open();
    await late.log.start();
    expect(late.log.isFollowing).toBe(true);
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

  test('every kind of revocation comes out as it went in', async () => {
    const { log, told } = open();
    await log.start();
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
    const { log, redis, told } = open();
    await log.start();
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

  test('a burst of 10,000 is told once, in order, in batches that join, of 500 at most', async () => {
    const { log, batches, told, epochs } = open();
    await log.start();
    const publishers = Array.from({ length: 4 }, () => open({ isPatient: true }));
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
    console.log(`10,000 revocations by 4 connections came in ${batches.length} batches`);
  });

  test('50 publishers at a time leave no gap between the numbers, and none twice', async () => {
    const publishers = Array.from({ length: 50 }, () => open({ isPatient: true }));
    await Promise.all(
      publishers.flatMap(({ log }, index) =>
        Array.from({ length: 20 }, (_, number) => log.publish(someSession(index * 20 + number))),
      ),
    );
    const ids = (await open().redis.xrange('{0}:revocations', '-', '+')).map(([id]) => id);
    expect(ids).toEqual(Array.from({ length: 1_001 }, (_, index) => `${index + 1}-0`));
  });

  test('a listener that throws takes nothing from the others, nor from what comes after', async () => {
    const { log, told, errors } = open();
    log.onBatch(() => {
      throw new Error('cannot take it');
    });
    const heard: unknown[] = [];
    const off = log.onBatch((batch) => heard.push(batch));
    await log.start();
    await log.publish(someSession(1));
    await until('it is told', () => told().length === 2);
    expect(errors.map(({ message }) => message)).toEqual(['cannot take it', 'cannot take it']);
    off();
    await log.publish(someSession(2));
    await until('it is told', () => told().length === 3);
    expect(heard).toHaveLength(2);
    expect(log.isFollowing).toBe(true);
  });

  test('head says what has been told, at the time of telling', async () => {
    const { log, told } = open();
    const heads: [Position, Position][] = [];
    log.onBatch(({ upTo }) => heads.push([log.head, upTo]));
    await log.start();
    await log.publish(someSession(1));
    await until('it is told', () => told().length === 2);
    for (const [head, upTo] of heads) expect(head).toEqual(upTo);
  });

  test('several shards: each in its order, all in one position', async () => {
    const { log, told, batches } = open({ shards: 4 });
    await log.start();
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

describe('reading', () => {
  /** A log that follows, with 1,200 sessions in it behind the entry of the data set. */
  async function filled(options: { shards?: number } = {}): Promise<TestLog> {
    const test = open({ ...options, isPatient: true });
    await test.log.start();
    const shards = options.shards ?? 1;
    const sent = Array.from({ length: 1_200 }, (_, number) => ({
      ...someSession(number),
      id: `${number % shards}-${String(number).padStart(22, 'x')}`,
    }));
    await Promise.all(sent.map((entry) => test.log.publish(entry)));
    await until('all are told', () => test.told().length === 1_200 + shards);
    return test;
  }

  test('from the oldest: all that is retained, in pages that join and end at the head', async () => {
    const filledLog = await filled();
    const pages = await readAll(filledLog, 'oldest');
    expect(pages.map(({ revocations }) => revocations.length)).toEqual([500, 500, 201]);
    expect(pages.flatMap(({ revocations }) => revocations)).toEqual(filledLog.told());
    expect(pages[0]?.after).toEqual([expect.stringMatching(/-0$/)]);
    expect(pages[1]?.after).toEqual(pages[0]?.upTo);
  });

  test('from any position: what came after it, and nothing else', async () => {
    const filledLog = await filled();
    const epoch = epochOf(filledLog.log.head[0]);
    for (const number of [0, 1, 2, 499, 500, 501, 700, 1_200, 1_201]) {
      const pages = await readAll(filledLog, [`${epoch}-${number}`]);
      expect(pages[0]?.after).toEqual([`${epoch}-${number}`]);
      expect(pages.flatMap(({ revocations }) => revocations)).toEqual(filledLog.told().slice(number));
    }
  });

  test('from the head: an empty page there; and from the oldest of an empty stream as well', async () => {
    const { log, redis } = open();
    await log.start();
    const empty = { after: log.head, upTo: log.head, revocations: [] };
    expect(await log.read(log.head)).toEqual(empty);
    await redis.del('{0}:revocations');
    expect(await log.read('oldest')).toEqual(empty);
  });

  test('several shards: pages of 500 at most that add up, from the oldest and from any position', async () => {
    const filledLog = await filled({ shards: 3 });
    const pages = await readAll(filledLog, 'oldest');
    expect(pages.every(({ revocations }) => revocations.length <= 500)).toBe(true);
    expect(pages.length).toBeLessThanOrEqual(4);
    const byText = (list: unknown[]) => list.map((entry) => JSON.stringify(entry)).sort();
    expect(byText(pages.flatMap(({ revocations }) => revocations))).toEqual(byText(filledLog.told()));
    for (const { upTo, after, revocations } of pages) {
      const added = upTo.map((position, shard) => sequenceOf(position) - sequenceOf(after[shard]));
      expect(added.reduce((sum, count) => sum + count)).toBe(revocations.length);
    }
    const [first, second] = pages;
    expect(second?.after).toEqual(first?.upTo);
    const rest = await readAll(filledLog, first?.upTo ?? []);
    expect(rest).toEqual(pages.slice(1));
  });

  test('several shards: a long snapshot goes on while each shard drops its oldest entries', async () => {
    const { log, redis } = await filled({ shards: 2 });
    const pages: RevocationBatch[] = [];
    for (let next: Position | 'oldest' = 'oldest'; String(next) !== String(log.head); ) {
      const page: RevocationBatch | undefined = await log.read(next);
      if (page === undefined) throw new Error('not resumable');
      pages.push(page);
      next = page.upTo;
      for (const shard of [0, 1])
        await redis.xtrim(`{${shard}}:revocations`, 'MINID', `${100 * pages.length}-0`);
    }
    expect(pages.reduce((sum, { revocations }) => sum + revocations.length, 0)).toBe(1_202);
  });

  test.each<[string, (head: string) => Position]>([
    ['of another epoch', (head) => [`1${head}`]],
    ['ahead of the head', (head) => [`${epochOf(head)}-${sequenceOf(head) + 1}`]],
    ['of more shards', (head) => [head, head]],
    ['of no shard', () => []],
    ['that is no position', () => ['x']],
    ['that is empty', () => ['']],
    ['with a negative number', (head) => [`${epochOf(head)}--1`]],
    ['with a number too large', (head) => [`${epochOf(head)}-9999999999999999`]],
  ])('a position %s is not resumable', async (_what, positionFrom) => {
    const { log } = open();
    await log.start();
    expect(await log.read(positionFrom(log.head[0] ?? ''))).toBeUndefined();
  });

  test('a position whose next entries were trimmed is not resumable; one behind them is', async () => {
    const filledLog = await filled();
    const epoch = epochOf(filledLog.log.head[0]);
    await filledLog.redis.xtrim('{0}:revocations', 'MINID', '601-0');
    expect(await filledLog.log.read([`${epoch}-599`])).toBeUndefined();
    const pages = await readAll(filledLog, [`${epoch}-600`]);
    expect(pages.flatMap(({ revocations }) => revocations)).toEqual(filledLog.told().slice(600));
    expect((await readAll(filledLog, 'oldest')).flatMap(({ revocations }) => revocations)).toEqual(
      filledLog.told().slice(600),
    );
  });

  test('while entries pour in, pages and what is told live join without a gap or a double', async () => {
    const { log } = open();
    await log.start();
    const publisher = open({ isPatient: true });
    let published = 0;
    const pouring = (async () => {
      while (published < 6_000) {
        await Promise.all(Array.from({ length: 50 }, () => publisher.log.publish(someSession(published++))));
      }
    })();

    // As the feed does it: read until a page ends at the head, and from there on listen.
    const heard: unknown[] = [];
    for (let next: Position | 'oldest' = 'oldest'; ; ) {
      const page: RevocationBatch | undefined = await log.read(next);
      if (page === undefined) throw new Error('not resumable');
      heard.push(...page.revocations);
      next = page.upTo;
      if (String(page.upTo) === String(log.head)) break;
    }
    log.onBatch(({ revocations }) => heard.push(...revocations));
    await pouring;
    await until('all are heard', () => sequenceOf(log.head[0]) === 6_001);
    expect(heard).toHaveLength(6_001);
    const all = (await publisher.redis.xrange('{0}:revocations', '-', '+')).map(([, fields]) => fields[3]);
    expect(heard.slice(1).map((entry) => (entry as { id: string }).id)).toEqual(all.slice(1));
  });

  test('nothing is read before the log follows: a part must not pass for the whole', async () => {
    const { log } = open();
    await expect(log.read('oldest')).rejects.toMatchObject({ status: 503 });
    await expect(log.read(['0-0'])).rejects.toMatchObject({ status: 503 });
    expect(log.isFollowing).toBe(false);
  });
});
