import type { Position } from '@latchkey/auth-client/feed';
import { forThisFile } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RevocationBatch } from '../../../src/revocation/log/revocation-log.ts';
import {
  dropAll,
  dropBefore,
  epochOf,
  follow,
  readPage,
  sequenceOf,
  someSession,
  startLogs,
  type TestLog,
  until,
} from './log-fixture.ts';

const logs = await forThisFile(startLogs());
beforeEach(() => logs.empty());
afterEach(() => logs.stopLogs());

/** All pages after a position. */
async function readAll({ log }: TestLog, after: Position | 'oldest'): Promise<RevocationBatch[]> {
  const pages: RevocationBatch[] = [];
  for (let next: Position | 'oldest' = after; ; ) {
    const page = await readPage(log, next);
    pages.push(page);
    if (String(page.upTo) === String(log.head)) return pages;
    next = page.upTo;
  }
}

describe('reading', () => {
  /** A log that follows, with 1,200 sessions after the data set's first entry. */
  async function filled(options: { shards?: number } = {}): Promise<TestLog> {
    const test = logs.open({ ...options, isPatient: true });
    await follow(test.log);
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
    const { log, redis } = logs.open();
    await follow(log);
    const empty = { after: log.head, upTo: log.head, revocations: [] };
    expect(await log.read(log.head)).toEqual(empty);
    await dropAll(redis);
    expect(await readPage(log, 'oldest')).toEqual(empty);
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
      const page = await readPage(log, next);
      pages.push(page);
      next = page.upTo;
      for (const shard of [0, 1]) await dropBefore(redis, 100 * pages.length, shard);
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
    const { log } = logs.open();
    await follow(log);
    expect(await log.read(positionFrom(log.head[0] ?? ''))).toBeUndefined();
  });

  test('a position whose next entries were trimmed is not resumable; one behind them is', async () => {
    const filledLog = await filled();
    const epoch = epochOf(filledLog.log.head[0]);
    await dropBefore(filledLog.redis, 601);
    expect(await filledLog.log.read([`${epoch}-599`])).toBeUndefined();
    const pages = await readAll(filledLog, [`${epoch}-600`]);
    expect(pages.flatMap(({ revocations }) => revocations)).toEqual(filledLog.told().slice(600));
    expect((await readAll(filledLog, 'oldest')).flatMap(({ revocations }) => revocations)).toEqual(
      filledLog.told().slice(600),
    );
  });

  test('while entries pour in, pages and live entries join without a gap or a duplicate', async () => {
    const { log } = logs.open();
    await follow(log);
    const publisher = logs.open({ isPatient: true });
    let published = 0;
    const pouring = (async () => {
      while (published < 6_000) {
        await Promise.all(Array.from({ length: 50 }, () => publisher.log.publish(someSession(published++))));
      }
    })();

    // Reads as the feed does: until a page ends at the head, and from there by listening.
    const heard: unknown[] = [];
    for (let next: Position | 'oldest' = 'oldest'; ; ) {
      const page = await readPage(log, next);
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
    const { log } = logs.open();
    await expect(log.read('oldest')).rejects.toMatchObject({ status: 503 });
    await expect(log.read(['0-0'])).rejects.toMatchObject({ status: 503 });
    expect(log.isFollowing).toBe(false);
  });
});
