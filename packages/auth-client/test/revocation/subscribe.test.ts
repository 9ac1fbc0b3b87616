import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Revocation } from '../../src/index.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { createTestClock } from '../clock.ts';
import { at, claimsOf, sessions, set } from './events.ts';
import { eventually, type FeedServer, type Followed, followFeed, startFeedServer } from './feed-server.ts';

let key: SigningKey;
let other: SigningKey;
let feed: FeedServer;
let followed: Followed | undefined;

beforeAll(async () => {
  [key, other] = await Promise.all([createSigningKey(), createSigningKey()]);
});

beforeEach(async () => {
  feed = await startFeedServer(key);
});

afterEach(async () => {
  followed?.close();
  await feed.close();
});

function follow(options?: Parameters<typeof followFeed>[1]): Followed {
  followed = followFeed(feed, options);
  return followed;
}

const lastStream = () => [...feed.streams].at(-1);

/** The ids of the sessions that are revoked, of so many. */
const revokedOf = ({ list }: Followed, count: number): number[] =>
  Array.from({ length: count }, (_, n) => n).filter((n) => isRevoked(list, `session-${n}`));

function isRevoked(list: Followed['list'], sessionId: string): boolean {
  const token = { tokenId: 'a', subject: 'user-1', clientId: 'client', issuedAt: 1, keyId: 'k' };
  return list.find({ ...token, sessionId }) !== undefined;
}

describe('a subscriber', () => {
  it('has a snapshot first, then what comes, and knows after each event that nothing is missing', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(3, sessions(2), { done: false }));
      stream.event(claimsOf.snapshot(5, sessions(1, 2)));
    });
    const following = follow();
    await following.list.ready();
    expect(feed.asked).toEqual([{ token: 'token', lastEventId: undefined, accept: 'text/event-stream' }]);
    expect(revokedOf(following, 9)).toEqual([0, 1, 2]);
    const confirmed = vi.spyOn(following.list, 'confirm');
    const stream = lastStream();
    stream?.event(claimsOf.session(6, 'session-3'));
    stream?.event(claimsOf.batch(7, sessions(3, 4)));
    stream?.event(claimsOf.heartbeat(10));
    await eventually(() => confirmed.mock.calls.length).toBe(3);
    expect(revokedOf(following, 9)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([following.follower.reconnects, following.follower.refusedEvents]).toEqual([0, 0]);
    expect(following.reports).toEqual([]);
  });

  it('does not know everything before the snapshot has ended', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(2), { done: false }));
      stream.event(claimsOf.heartbeat(9));
    });
    const following = follow();
    await eventually(() => following.list.size).toBe(2);
    expect(following.list.lagSeconds).toBe(Number.POSITIVE_INFINITY);
    lastStream()?.event(claimsOf.snapshot(2, []));
    await following.list.ready();
  });

  it('goes on where it was, by the signed position, when the feed ends', async () => {
    feed.stream((stream, { lastEventId }) => {
      if (lastEventId === undefined) stream.event(claimsOf.snapshot(0, sessions(2)));
      else stream.event(claimsOf.batch(2, sessions(1, 2)));
      stream.end();
    });
    const following = follow();
    await eventually(() => following.list.size).toBe(3);
    expect(feed.asked.slice(0, 2).map(({ lastEventId }) => lastEventId)).toEqual([undefined, String(at(2))]);
    await eventually(() => feed.asked[2]?.lastEventId).toBe(String(at(3)));
    expect(following.follower.reconnects).toBeGreaterThanOrEqual(2);
  });

  it.each<[string, (stream: NonNullable<ReturnType<typeof lastStream>>) => void]>([
    ['an event is missing', (stream) => stream.event(claimsOf.batch(3, sessions(1, 3)))],
    ['a heartbeat is ahead', (stream) => stream.event(claimsOf.heartbeat(4))],
    ['the issuer’s data are others', (stream) => stream.event(claimsOf.heartbeat(2, 'ffff'))],
    ['an event comes twice', (stream) => stream.event(claimsOf.batch(1, sessions(1, 1)))],
  ])('asks for a snapshot when %s, and drops nothing that it knew', async (_name, cause) => {
    feed.stream((stream, { lastEventId }) => {
      expect(lastEventId).toBeUndefined();
      if (feed.asked.length === 1) stream.event(claimsOf.snapshot(0, sessions(2)));
      else stream.event(claimsOf.snapshot(9, sessions(2, 4)));
    });
    const following = follow();
    await following.list.ready();
    const stream = lastStream();
    if (stream) cause(stream);
    await eventually(() => revokedOf(following, 9)).toEqual(expect.arrayContaining([0, 1, 4, 5]));
    expect(feed.asked).toHaveLength(2);
    expect(following.follower.refusedEvents).toBe(0);
  });

  it('believes what a verified event says even when one before it is missing', async () => {
    feed.stream((stream) => {
      if (feed.asked.length === 1) stream.event(claimsOf.snapshot(0, []));
    });
    const following = follow();
    await following.list.ready();
    lastStream()?.event(claimsOf.batch(5, sessions(1, 5)));
    await eventually(() => revokedOf(following, 9)).toEqual([5]);
  });

  it('takes a snapshot of other data in the middle of a stream', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(1)));
      stream.event(claimsOf.snapshot(0, sessions(1, 1), { of: 'ffff', done: false }));
      stream.event(claimsOf.snapshot(1, sessions(1, 2), { of: 'ffff' }));
      stream.event(claimsOf.batch(2, sessions(1, 3), 'ffff'));
    });
    const following = follow();
    await eventually(() => revokedOf(following, 9)).toEqual([0, 1, 2, 3]);
    lastStream()?.end();
    await eventually(() => feed.asked[1]?.lastEventId).toBe(String(at(3, 'ffff')));
  });
});

describe('when the connection breaks', () => {
  it('in the middle of an event, the event counts for nothing, and comes again', async () => {
    const event = `data: ${set(key, claimsOf.batch(1, sessions(1, 1)))}\n\n`;
    feed.stream((stream, { lastEventId }) => {
      if (lastEventId === undefined) {
        stream.event(claimsOf.snapshot(0, sessions(1)));
        stream.raw(event.slice(0, event.length / 2));
        // Broken only when the half has arrived.
        setTimeout(() => stream.destroy(), 50);
      } else stream.raw(event);
    });
    const following = follow();
    await eventually(() => revokedOf(following, 9)).toEqual([0, 1]);
    expect(feed.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, String(at(1))]);
    expect(following.follower.refusedEvents).toBe(0);
  });

  it('in the middle of a snapshot, what came of it stays, and all of it is asked for again', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(2), { done: false }));
      if (feed.asked.length === 1) stream.end();
      else stream.event(claimsOf.snapshot(2, sessions(1, 2)));
    });
    const following = follow();
    await following.list.ready();
    expect(revokedOf(following, 9)).toEqual([0, 1, 2]);
    expect(feed.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, undefined]);
  });
});

describe('an event that is refused', () => {
  const bad: [string, (stream: NonNullable<ReturnType<typeof lastStream>>) => void, string][] = [
    [
      'is forged',
      (stream) => stream.event({ ...claimsOf.batch(1, sessions(1, 1)), aud: 'x' }),
      'FAST_JWT_INVALID_CLAIM_VALUE',
    ],
    [
      'counts wrong',
      (stream) => stream.event({ ...claimsOf.batch(1, sessions(1, 1)), up_to: at(3) }),
      'count',
    ],
    ['is garbage', (stream) => stream.raw('data: <html>\n\n'), 'format'],
    ['is 10 MB long', (stream) => stream.raw(`data: ${'x'.repeat(10_000_000)}\n\n`), 'length'],
  ];

  it.each(bad)(
    'because it %s is counted and ignored; the next good one reveals the gap',
    async (_name, send, reason) => {
      feed.stream((stream) => {
        stream.event(claimsOf.snapshot(0, feed.asked.length === 1 ? sessions(1) : sessions(2)));
      });
      const clock = createTestClock();
      const following = follow({ clock });
      await following.list.ready();
      const stream = lastStream();
      if (stream) send(stream);
      await eventually(() => following.follower.refusedEvents).toBe(1);
      expect(following.reports).toEqual([reason]);
      expect(feed.asked).toHaveLength(1);
      // It is seen in the lag, however much that is not good arrives.
      clock.advance(60);
      if (stream) send(stream);
      await eventually(() => following.follower.refusedEvents).toBe(2);
      expect(following.list.lagSeconds).toBeGreaterThan(59);
      expect(revokedOf(following, 9)).toEqual([0]);
      stream?.event(claimsOf.heartbeat(2));
      await eventually(() => revokedOf(following, 9)).toEqual([0, 1]);
      await eventually(() => following.list.lagSeconds).toBeLessThan(60);
      expect(feed.asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, undefined]);
    },
  );

  it('before a snapshot may have been a part of it: another snapshot is asked for', async () => {
    feed.stream((stream) => {
      if (feed.asked.length === 1) {
        stream.raw('data: garbage\n\n');
        stream.event(claimsOf.snapshot(1, sessions(1, 1)));
      } else stream.event(claimsOf.snapshot(0, sessions(2)));
    });
    const following = follow();
    await following.list.ready();
    expect(revokedOf(following, 9)).toEqual([0, 1]);
    expect(feed.asked).toHaveLength(2);
  });

  it('does not end the feed, however many there are', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
      for (let n = 0; n < 1000; n += 1) stream.raw('data: garbage\n\n');
      stream.event(claimsOf.batch(0, sessions(1)));
    });
    const following = follow();
    await eventually(() => following.list.size).toBe(1);
    expect([following.follower.refusedEvents, following.follower.reconnects]).toEqual([1000, 0]);
  });
});

describe('a key that is not known', () => {
  it('is fetched at once, and events stay in order meanwhile', async () => {
    const heard: Revocation[] = [];
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const following = follow();
    await following.list.ready();
    following.list.onRevoked((revocation) => heard.push(revocation));
    expect(feed.keySetRequests).toBe(1);
    feed.keys = [other, key];
    const stream = lastStream();
    for (let n = 0; n < 10; n += 1) stream?.event(claimsOf.session(n, `session-${n}`), n % 2 ? key : other);
    await eventually(() => heard).toEqual(sessions(10));
    expect(feed.keySetRequests).toBe(2);
    expect(following.follower.refusedEvents).toBe(0);
  });

  it('is asked for at most once a second', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const clock = createTestClock();
    const following = follow({ clock });
    await following.list.ready();
    const stream = lastStream();
    for (let n = 0; n < 50; n += 1) stream?.event(claimsOf.heartbeat(0), other);
    await eventually(() => following.follower.refusedEvents).toBe(50);
    expect(feed.keySetRequests).toBe(2);
    expect(new Set(following.reports)).toEqual(new Set(['unknown kid']));
    clock.advance(1);
    feed.keys = [key, other];
    const confirmed = vi.spyOn(following.list, 'confirm');
    stream?.event(claimsOf.heartbeat(0), other);
    await eventually(() => confirmed.mock.calls.length).toBe(1);
    expect(feed.keySetRequests).toBe(3);
  });

  it('of which the issuer has two within a second is waited for', async () => {
    const third = await createSigningKey();
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const following = follow();
    await following.list.ready();
    const stream = lastStream();
    feed.keys = [other, key];
    stream?.event(claimsOf.session(0, 'session-0'), other);
    await eventually(() => following.list.size).toBe(1);
    feed.keys = [third, other];
    stream?.event(claimsOf.session(1, 'session-1'), third);
    await eventually(() => following.list.size).toBe(2);
    expect([following.follower.refusedEvents, feed.keySetRequests]).toEqual([0, 3]);
  });

  it('may be missing because there are no keys yet: the feed is asked when there are', async () => {
    feed.keys = [];
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(1)));
    });
    const following = follow();
    await eventually(() => following.reports).toEqual(['lost']);
    expect(feed.asked).toEqual([]);
    feed.keys = [key];
    await eventually(() => following.list.size).toBe(1);
    expect(following.reports).toEqual(['lost', 'following']);
  });

  it('that is revoked signs nothing any more', async () => {
    feed.keys = [key, other];
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
      stream.event(claimsOf.batch(0, [{ kind: 'key', id: other.kid, reason: 'key_revoked' }]));
      stream.event(claimsOf.batch(1, sessions(1)), other);
    });
    const following = follow();
    await eventually(() => following.reports).toEqual(['revoked key']);
    expect(isRevoked(following.list, 'session-0')).toBe(false);
  });
});

describe('the clock of the wall', () => {
  it('is not asked: events are as good after it was set back or forward by an hour, or a year', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const following = follow();
    await following.list.ready();
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      let head = 0;
      for (const seconds of [3600, -3600, 31_536_000, -31_536_000]) {
        const signed = claimsOf.session(head, `session-${head}`);
        lastStream()?.event(signed);
        vi.setSystemTime(performance.timeOrigin + performance.now() + seconds * 1000);
        lastStream()?.event(claimsOf.session(head + 1, `session-${head + 1}`));
        head += 2;
      }
      await eventually(() => following.list.size).toBe(8);
      expect(revokedOf(following, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(following.list.lagSeconds).toBeLessThan(5);
      expect([following.follower.refusedEvents, following.follower.reconnects]).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
