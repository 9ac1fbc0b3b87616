import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { at, claimsOf, sessions, set } from './events.ts';
import { type FollowedFeed, revokedOf, startFollowedFeed } from './feed-fixture.ts';
import type { FeedStream } from './feed-server.ts';

let key: SigningKey;
let feed: FollowedFeed;
beforeAll(async () => {
  key = await createSigningKey();
});
beforeEach(async () => {
  feed = await startFollowedFeed(key);
});
afterEach(() => feed.close());

describe('a subscriber', () => {
  it('gets a snapshot first, then new events, and knows after each event that nothing is missing', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(3, sessions(2), { done: false }));
      stream.event(claimsOf.snapshot(5, sessions(1, 2)));
    });
    const following = feed.follow();
    await following.list.ready();
    expect(feed.asked).toEqual([{ token: 'token', lastEventId: undefined, accept: 'text/event-stream' }]);
    expect(revokedOf(following, 9)).toEqual([0, 1, 2]);
    const confirmed = vi.spyOn(following.list, 'confirm');
    const stream = feed.lastStream();
    stream?.event(claimsOf.session(6, 'session-3'));
    stream?.event(claimsOf.batch(7, sessions(3, 4)));
    stream?.event(claimsOf.heartbeat(10));
    await eventually('the feed was confirmed three times', () => expect(confirmed.mock.calls.length).toBe(3));
    expect(revokedOf(following, 9)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([following.follower.reconnects, following.follower.refusedEvents]).toEqual([0, 0]);
    expect(following.reports).toEqual([]);
  });

  it('does not know everything before the snapshot has ended', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(2), { done: false }));
      stream.event(claimsOf.heartbeat(9));
    });
    const following = feed.follow();
    await eventually('the list has both revocations', () => expect(following.list.size).toBe(2));
    expect(following.list.lagSeconds).toBe(Number.POSITIVE_INFINITY);
    feed.lastStream()?.event(claimsOf.snapshot(2, []));
    await following.list.ready();
  });

  it('goes on where it was, by the signed position, when the feed ends', async () => {
    feed.stream((stream, { lastEventId }) => {
      if (lastEventId === undefined) stream.event(claimsOf.snapshot(0, sessions(2)));
      else stream.event(claimsOf.batch(2, sessions(1, 2)));
      stream.end();
    });
    const following = feed.follow();
    await eventually('the list has three revocations', () => expect(following.list.size).toBe(3));
    expect(feed.asked.slice(0, 2).map(({ lastEventId }) => lastEventId)).toEqual([undefined, String(at(2))]);
    await eventually('the feed was asked for from the third event on', () =>
      expect(feed.asked[2]?.lastEventId).toBe(String(at(3))),
    );
    expect(following.follower.reconnects).toBeGreaterThanOrEqual(2);
  });

  it.each<[string, (stream: FeedStream) => void]>([
    ['an event is missing', (stream) => stream.event(claimsOf.batch(3, sessions(1, 3)))],
    ['a heartbeat is ahead', (stream) => stream.event(claimsOf.heartbeat(4))],
    ['the issuer’s data are others', (stream) => stream.event(claimsOf.heartbeat(2, 'ffff'))],
    ['an event comes twice', (stream) => stream.event(claimsOf.batch(1, sessions(1, 1)))],
  ])('asks for a snapshot when %s, and drops nothing that it knew', async (_name, cause) => {
    feed.stream((stream) => {
      if (feed.asked.length === 1) stream.event(claimsOf.snapshot(0, sessions(2)));
      else stream.event(claimsOf.snapshot(9, sessions(2, 4)));
    });
    const following = feed.follow();
    await following.list.ready();
    const stream = feed.lastStream();
    if (stream) cause(stream);
    await eventually('the sessions of both snapshots are revoked', () =>
      expect(revokedOf(following, 9)).toEqual(expect.arrayContaining([0, 1, 4, 5])),
    );
    expect(feed.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, undefined]);
    expect(following.follower.refusedEvents).toBe(0);
  });

  it('believes what a verified event says even when one before it is missing', async () => {
    feed.stream((stream) => {
      if (feed.asked.length === 1) stream.event(claimsOf.snapshot(0, []));
    });
    const following = feed.follow();
    await following.list.ready();
    feed.lastStream()?.event(claimsOf.batch(5, sessions(1, 5)));
    await eventually('the session of the new snapshot alone is revoked', () =>
      expect(revokedOf(following, 9)).toEqual([5]),
    );
  });

  it('takes a snapshot of other data in the middle of a stream', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(1)));
      stream.event(claimsOf.snapshot(0, sessions(1, 1), { of: 'ffff', done: false }));
      stream.event(claimsOf.snapshot(1, sessions(1, 2), { of: 'ffff' }));
      stream.event(claimsOf.batch(2, sessions(1, 3), 'ffff'));
    });
    const following = feed.follow();
    await eventually('all four sessions are revoked', () =>
      expect(revokedOf(following, 9)).toEqual([0, 1, 2, 3]),
    );
    feed.lastStream()?.end();
    await eventually('the feed was asked for from the last event on', () =>
      expect(feed.asked[1]?.lastEventId).toBe(String(at(3, 'ffff'))),
    );
  });
});

describe('when the connection breaks', () => {
  it('in the middle of an event, the event counts for nothing, and comes again', async () => {
    const event = `data: ${set(key, claimsOf.batch(1, sessions(1, 1)))}\n\n`;
    feed.stream((stream, { lastEventId }) => {
      if (lastEventId === undefined) {
        stream.event(claimsOf.snapshot(0, sessions(1)));
        stream.raw(event.slice(0, event.length / 2));
        // Breaks the connection only after half has arrived.
        setTimeout(() => stream.destroy(), 50);
      } else stream.raw(event);
    });
    const following = feed.follow();
    await eventually('both sessions are revoked', () => expect(revokedOf(following, 9)).toEqual([0, 1]));
    expect(feed.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, String(at(1))]);
    expect(following.follower.refusedEvents).toBe(0);
  });

  it('in the middle of a snapshot, its received part stays, and all of it is requested again', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(2), { done: false }));
      if (feed.asked.length === 1) stream.end();
      else stream.event(claimsOf.snapshot(2, sessions(1, 2)));
    });
    const following = feed.follow();
    await following.list.ready();
    expect(revokedOf(following, 9)).toEqual([0, 1, 2]);
    expect(feed.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, undefined]);
  });
});

describe('the wall clock', () => {
  it('is not read: events are as good after it was set back or forward by an hour, or a year', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const following = feed.follow();
    await following.list.ready();
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      let head = 0;
      for (const seconds of [3600, -3600, 31_536_000, -31_536_000]) {
        const signed = claimsOf.session(head, `session-${head}`);
        feed.lastStream()?.event(signed);
        vi.setSystemTime(performance.timeOrigin + performance.now() + seconds * 1000);
        feed.lastStream()?.event(claimsOf.session(head + 1, `session-${head + 1}`));
        head += 2;
      }
      await eventually('the list has eight revocations', () => expect(following.list.size).toBe(8));
      expect(revokedOf(following, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(following.list.lagSeconds).toBeLessThan(5);
      expect([following.follower.refusedEvents, following.follower.reconnects]).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
