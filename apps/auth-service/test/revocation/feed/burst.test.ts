import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { maxUnsentBytes } from '../../../src/revocation/feed/event-stream.ts';
import { type FeedFixture, someRevocations, startFeed } from './fixture.ts';
import { type FeedReader, namesOf, openFeed } from './reader.ts';

const burst = 10_000;
// With long ids, few revocations fill the buffers of a connection.
const wide = { count: 2_500, id: 'x'.repeat(200), maxBursts: 40 };

const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

/** The largest value seen during the work. */
async function whileSampling<T>(feed: FeedFixture, work: () => Promise<T>): Promise<[T, number]> {
  let most = 0;
  let isDone = false;
  const sampling = (async () => {
    while (!isDone) {
      most = Math.max(most, await feed.metric('latchkey_revocation_unsent_bytes'));
      await delay(20);
    }
  })();
  try {
    return [await work(), most];
  } finally {
    isDone = true;
    await sampling;
  }
}

/** The revocations told without a snapshot: each exactly once. */
function toldSince(reader: FeedReader): string[] {
  return namesOf(
    reader.events.filter(({ type }) => type !== 'snapshot').flatMap((event) => event.revocations),
  );
}

test('10,000 revocations in a burst reach every reader once and in order; one that stops reading is dropped, and resumes', async () => {
  const feed = await startFeed();
  try {
    const token = await feed.token();
    const open = (lastEventId?: string) => openFeed({ url: feed.url, token, lastEventId });
    const [first, second, slow] = await Promise.all([open(), open(), open()]);
    for (const reader of [first, second, slow]) await reader.until(({ events }) => events.length >= 2);
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const truth = someRevocations(burst, 'burst');
    slow.pause();
    const [, unsent] = await whileSampling(feed, async () => {
      await feed.publish(...truth);
      for (const reader of [first, second]) await reader.until(({ count }) => count > burst);
    });
    const cpu = process.cpuUsage(cpuBefore);
    console.log(
      `${burst} revocations: ${(performance.now() - startedAt).toFixed(0)} ms until two readers have verified them all, ` +
        `${first.ofType('revocations').length + first.ofType('session-revoked').length} messages and signatures, ` +
        `${((cpu.user + cpu.system) / 1000).toFixed(0)} ms of CPU for Redis' client, server and readers together; ` +
        `most unsent ${mebibytes(unsent)}`,
    );
    for (const reader of [first, second]) {
      expect(toldSince(reader)).toEqual(namesOf(truth));
      expect(reader.faults).toEqual([]);
    }
    // One signature covers up to 500 revocations.
    expect(first.events.length).toBeLessThan(burst / 10);
    // The rest of the test needs only the reader that stopped reading.
    second.close();

    // The sockets' buffers take some megabytes before data waits in this process.
    const rssBefore = process.memoryUsage().rss;
    const [, mostUnsent] = await whileSampling(feed, async () => {
      for (let number = 0; number < wide.maxBursts; number += 1) {
        if ((await feed.metric('latchkey_revocation_dropped_total')) > 0) break;
        const more = someRevocations(wide.count, `${number}-${wide.id}`);
        truth.push(...more);
        await feed.publish(...more);
        await first.until(({ count }) => count > truth.length);
      }
    });
    console.log(
      `the reader that stopped was dropped after ${truth.length} revocations; most unsent ${mebibytes(mostUnsent)} ` +
        `of ${mebibytes(maxUnsentBytes)} for each; resident memory of server and readers together grew by ` +
        mebibytes(process.memoryUsage().rss - rssBefore),
    );
    expect(await feed.metric('latchkey_revocation_dropped_total')).toBe(1);
    expect(mostUnsent).toBeLessThanOrEqual(3 * maxUnsentBytes);

    slow.read();
    await slow.until(({ ended }) => ended === 'broken');
    const resumed = await open(slow.position);
    await resumed.until((now) => now.ofType('heartbeat').length > 0);
    expect([...slow.ofType('snapshot'), ...resumed.ofType('snapshot')]).toHaveLength(1);
    expect(namesOf([...slow.revocations.slice(1), ...resumed.revocations])).toEqual(namesOf(truth));
    expect([...slow.faults, ...resumed.faults]).toEqual([]);
    console.log(`it had read ${slow.count - 1} and got the other ${resumed.count} on resuming`);

    // The snapshot that a new subscriber gets.
    const snapshotAt = performance.now();
    const fresh = await open();
    await fresh.until((now) => now.ofType('heartbeat').length > 0);
    expect(fresh.count).toBe(truth.length + 1);
    expect(fresh.ofType('snapshot').map(({ payload }) => Object.values(payload.events)[0]?.done)).toEqual(
      fresh.ofType('snapshot').map((_, index, all) => index === all.length - 1),
    );
    console.log(
      `a snapshot of ${fresh.count} in ${fresh.ofType('snapshot').length} pages took ` +
        `${(performance.now() - snapshotAt).toFixed(0)} ms`,
    );
  } finally {
    await feed.stop();
  }
});
