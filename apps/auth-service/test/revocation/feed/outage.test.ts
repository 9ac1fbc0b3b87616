import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { afterEach, expect, test } from 'vitest';
import { type FeedFixture, someRevocations, startFeed } from './fixture.ts';
import { namesOf, openFeed } from './reader.ts';

let feed: FeedFixture;
afterEach(() => feed.stop());

const epochOf = (position = '') => position.split('-')[0];

/** Waits until a second has passed without an event. Earlier events may still be on their way. */
async function expectSilence(events: readonly unknown[]): Promise<void> {
  let heard = -1;
  for (let seconds = 0; seconds < 5 && events.length !== heard; seconds += 1) {
    heard = events.length;
    await delay(1000);
  }
  expect(events).toHaveLength(heard);
}

for (const [durableRedis, outcome] of [
  [true, 'with its data: the stream goes on with a snapshot of the new epoch'],
  [false, 'without its data: the stream ends, since that revokes every token, and can be opened anew'],
] as const) {
  test(`while Redis is away streams stay open, without heartbeats; it comes back ${outcome}`, async () => {
    feed = await startFeed({ durableRedis });
    const reader = await feed.open();
    await reader.until(({ events }) => events.length >= 2);
    const before = someRevocations(20, 'before');
    await feed.publish(...before);
    await reader.until(({ count }) => count === 21);
    const { position: oldPosition, events } = reader;

    await feed.redis.kill();
    await eventually('the metric says that the log is not followed', async () =>
      expect(await feed.metric('latchkey_revocation_log_following')).toBe(0),
    );
    await expectSilence(events);
    expect(reader.ended).toBeUndefined();

    await feed.redis.restart();
    await feed.publish(...someRevocations(5, 'after'));
    if (durableRedis) {
      await reader.until((now) => now.ofType('snapshot').length > 1);
      await reader.until(() =>
        namesOf(reader.revocations).includes(namesOf(someRevocations(5, 'after').slice(4)).join()),
      );
      const snapshot = reader
        .ofType('snapshot')
        .slice(1)
        .flatMap(({ revocations }) => revocations);
      expect(namesOf(snapshot)).toEqual(expect.arrayContaining(namesOf(before)));
    } else {
      // The new data set's first entry revokes all earlier tokens, including the stream's own.
      await reader.until(({ ended }) => ended === 'complete');
    }

    // A subscriber that resumes from the previous epoch gets a snapshot too.
    const resumed = await feed.open({ lastEventId: oldPosition });
    await resumed.until((now) => now.ofType('heartbeat').length > 0);
    expect(resumed.ofType('snapshot')).toHaveLength(1);
    expect(epochOf(resumed.position)).not.toBe(epochOf(oldPosition));
    const names = namesOf(resumed.revocations);
    expect(names).toEqual(expect.arrayContaining(namesOf(someRevocations(5, 'after'))));
    expect(names.some((name) => name.includes('before-'))).toBe(durableRedis);
    expect([...reader.faults, ...resumed.faults]).toEqual([]);
    resumed.close();
  });
}

test('while Redis is frozen there are no heartbeats; a subscriber that comes then waits, and is served when it answers again', async () => {
  feed = await startFeed();
  const reader = await feed.open();
  await reader.until(({ events }) => events.length >= 2);
  const token = await feed.token();
  process.kill(feed.redis.pid, 'SIGSTOP');
  try {
    await eventually('the metric says that the log is not followed', async () =>
      expect(await feed.metric('latchkey_revocation_log_following')).toBe(0),
    );
    const waiting = await openFeed({ url: feed.url, token });
    await expectSilence(reader.events);
    expect(waiting.events).toEqual([]);
    const { length } = reader.events;
    process.kill(feed.redis.pid, 'SIGCONT');
    await waiting.until((now) => now.ofType('heartbeat').length > 0);
    await reader.until(({ events }) => events.length > length);
    expect([...reader.faults, ...waiting.faults]).toEqual([]);
    waiting.close();
    reader.close();
  } finally {
    process.kill(feed.redis.pid, 'SIGCONT');
  }
});
