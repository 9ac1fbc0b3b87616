import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/runtime/clock.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { at, claimsOf, sessions } from './events.ts';
import { type FollowedFeed, startFollowedFeed } from './feed-fixture.ts';

let key: SigningKey;
let feed: FollowedFeed;
beforeAll(async () => {
  key = await createSigningKey();
});
beforeEach(async () => {
  feed = await startFollowedFeed(key);
});
afterEach(() => feed.close());

const headOnly = () =>
  feed.answer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  });

const cut = (isReset: boolean) =>
  feed.answer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    setTimeout(() => (isReset ? response.destroy() : response.end()), 20);
  });

/** Follows the feed with a clock that only tests advance. Attempts still time out soon. */
function followByClock() {
  let nowMs = 1_000_000;
  const clock: Clock = { wallMs: Date.now, monotonicMs: () => nowMs };
  const told: string[] = [];
  const pace = { answerMs: 100, silenceMs: 100, firstDelayMs: 1, maxDelayMs: 1 };
  const followed = feed.follow({ clock, pace, onSilent: ({ code }) => told.push(code) });
  return { ...followed, told, turn: (ms: number) => (nowMs += ms) };
}

async function someAttempts(): Promise<void> {
  const { length } = feed.asked;
  await eventually('the feed is asked again', () => expect(feed.asked.length).toBeGreaterThan(length + 1));
}

describe('a feed that sends no byte', () => {
  it.each<[string, () => void]>([
    ['not even the head, as behind nginx that gathers', () => feed.answer(() => {})],
    ['but the head', headOnly],
    [
      'but the head, and then the line is cut, as a proxy does that waits for less than a heartbeat',
      () => cut(true),
    ],
    ['but the head and the end', () => cut(false)],
  ])('%s, is silent after some time, and reported once', async (_what, behave) => {
    behave();
    const { told, turn, follower, list } = followByClock();
    await someAttempts();
    turn(99);
    await someAttempts();
    expect([told, follower.isSilent]).toEqual([[], false]);
    turn(1);
    await eventually('it is reported', () => expect(told).toEqual(['feed_silent']));
    turn(60_000);
    await someAttempts();
    expect([told, follower.isSilent]).toEqual([['feed_silent'], true]);

    feed.serve(sessions(1));
    await list.ready();
    expect(follower.isSilent).toBe(false);
    headOnly();
    feed.lastStream()?.end();
    await someAttempts();
    turn(100);
    await eventually('it is reported again', () => expect(told).toEqual(['feed_silent', 'feed_silent']));
  });

  it.each<[string, () => void]>([
    ['says no', () => feed.answer((_request, response) => response.writeHead(503).end())],
    ['hangs up', () => feed.answer((request) => request.socket.destroy())],
    // auth-service does this while Redis is down: it cannot claim that nothing was revoked.
    ['sends its comment, and nothing else', () => feed.stream((stream) => stream.raw(':\n\n'))],
  ])('is not one that %s', async (_what, behave) => {
    behave();
    const { told, turn, follower } = followByClock();
    for (let n = 0; n < 3; n += 1) {
      await someAttempts();
      // Below the limit, because on a busy machine a single attempt may time out.
      turn(99);
    }
    expect([told, follower.isSilent]).toEqual([[], false]);
  });

  it('or of which an event stops half-way, is silent after a single attempt, until it is complete', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(2), { done: false }));
      stream.raw(`:\n\nid: 1\ndata: eyJ${'x'.repeat(3000)}`);
    });
    const { told, follower, list } = followByClock();
    await eventually('it is reported', () => expect(told).toEqual(['feed_silent']));
    await someAttempts();
    expect([told, follower.isSilent, list.size]).toEqual([['feed_silent'], true, 2]);
    feed.serve(sessions(2));
    await list.ready();
    expect(follower.isSilent).toBe(false);
  });

  it('has to be silent without a break', async () => {
    feed.answer(() => {});
    const { told, turn } = followByClock();
    await someAttempts();
    turn(99);
    feed.answer((_request, response) => response.writeHead(503).end());
    await someAttempts();
    feed.answer(() => {});
    await someAttempts();
    turn(99);
    await someAttempts();
    expect(told).toEqual([]);
    turn(1);
    await eventually('it is reported', () => expect(told).toEqual(['feed_silent']));
  });
});

describe('a feed that a proxy cuts again and again, in the middle', () => {
  it('has not failed: it is opened again soon, where it was, nothing is missed, and nothing is reported', async () => {
    const log = sessions(1);
    feed.serve(log);
    // Each stream lasts longer than `steadyMs`.
    let nowMs = 0;
    const clock: Clock = { wallMs: Date.now, monotonicMs: () => nowMs };
    const following = feed.follow({ clock, pace: { firstDelayMs: 1, maxDelayMs: 600_000 } });
    await following.list.ready();
    for (let cut = 1; cut <= 20; cut += 1) {
      nowMs += 15_000;
      log.push(...sessions(1, cut));
      const half = `data: eyJ${'x'.repeat(100)}`;
      feed.lastStream()?.raw(half);
      feed.lastStream()?.destroy();
      await eventually('the feed is followed again', () => expect(following.list.size).toBe(cut + 1));
      expect(feed.asked.at(-1)?.lastEventId).toBe(String(at(cut)));
      expect(following.list.lagSeconds).toBe(0);
    }
    expect(following.reports).toEqual([]);
    expect(following.follower.reconnects).toBe(20);
  });
});
