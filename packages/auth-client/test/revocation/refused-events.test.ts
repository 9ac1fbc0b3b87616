import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Revocation } from '../../src/index.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { createTestClock } from '../clock.ts';
import { at, claimsOf, sessions } from './events.ts';
import { type FollowedFeed, isRevoked, revokedOf, startFollowedFeed } from './feed-fixture.ts';
import type { FeedStream } from './feed-server.ts';

let key: SigningKey;
let other: SigningKey;
let feed: FollowedFeed;
beforeAll(async () => {
  [key, other] = await Promise.all([createSigningKey(), createSigningKey()]);
});
beforeEach(async () => {
  feed = await startFollowedFeed(key);
});
afterEach(() => feed.close());

describe('an event that is refused', () => {
  const bad: [string, (stream: FeedStream) => void, string][] = [
    ['is forged', (stream) => stream.event({ ...claimsOf.batch(1, sessions(1, 1)), aud: 'x' }), 'aud'],
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
      const following = feed.follow({ clock });
      await following.list.ready();
      const stream = feed.lastStream();
      if (stream) send(stream);
      await eventually('an event was refused', () => expect(following.follower.refusedEvents).toBe(1));
      expect(following.reports).toEqual([reason]);
      expect(feed.asked).toHaveLength(1);
      // The lag shows it: refused events do not reset it, however many arrive.
      clock.advance(60);
      if (stream) send(stream);
      await eventually('a second event was refused', () => expect(following.follower.refusedEvents).toBe(2));
      expect(following.list.lagSeconds).toBeGreaterThan(59);
      expect(revokedOf(following, 9)).toEqual([0]);
      stream?.event(claimsOf.heartbeat(2));
      await eventually('both sessions are revoked', () => expect(revokedOf(following, 9)).toEqual([0, 1]));
      await eventually('the list is up to date', () => expect(following.list.lagSeconds).toBeLessThan(60));
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
    const following = feed.follow();
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
    const following = feed.follow();
    await eventually('the list has the one revocation', () => expect(following.list.size).toBe(1));
    expect([following.follower.refusedEvents, following.follower.reconnects]).toEqual([1000, 0]);
  });
});

describe('a key that is not known', () => {
  it('is fetched at once, and events stay in order meanwhile', async () => {
    const heard: Revocation[] = [];
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const following = feed.follow();
    await following.list.ready();
    following.list.onRevoked((revocation) => heard.push(revocation));
    expect(feed.keySetRequests).toBe(1);
    feed.keys = [other, key];
    const stream = feed.lastStream();
    for (let n = 0; n < 10; n += 1) stream?.event(claimsOf.session(n, `session-${n}`), n % 2 ? key : other);
    await eventually('all ten revocations have arrived', () => expect(heard).toEqual(sessions(10)));
    expect(feed.keySetRequests).toBe(2);
    expect(following.follower.refusedEvents).toBe(0);
  });

  it('is asked for at most once a second', async () => {
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const clock = createTestClock();
    const following = feed.follow({ clock });
    await following.list.ready();
    const stream = feed.lastStream();
    for (let n = 0; n < 50; n += 1) stream?.event(claimsOf.heartbeat(0), other);
    await eventually('fifty events were refused', () => expect(following.follower.refusedEvents).toBe(50));
    expect(feed.keySetRequests).toBe(2);
    expect(new Set(following.reports)).toEqual(new Set(['unknown kid']));
    clock.advance(1);
    feed.keys = [key, other];
    const confirmed = vi.spyOn(following.list, 'confirm');
    stream?.event(claimsOf.heartbeat(0), other);
    await eventually('the feed was confirmed', () => expect(confirmed.mock.calls.length).toBe(1));
    expect(feed.keySetRequests).toBe(3);
  });

  it('of which the issuer has two within a second is waited for', async () => {
    const third = await createSigningKey();
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
    });
    const following = feed.follow();
    await following.list.ready();
    const stream = feed.lastStream();
    feed.keys = [other, key];
    stream?.event(claimsOf.session(0, 'session-0'), other);
    await eventually('the list has the one revocation', () => expect(following.list.size).toBe(1));
    feed.keys = [third, other];
    stream?.event(claimsOf.session(1, 'session-1'), third);
    await eventually('the list has both revocations', () => expect(following.list.size).toBe(2));
    expect([following.follower.refusedEvents, feed.keySetRequests]).toEqual([0, 3]);
  });

  it('may be missing because there are no keys yet: the feed is asked when there are', async () => {
    feed.keys = [];
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(1)));
    });
    const following = feed.follow();
    await eventually('the feed is reported as lost', () => expect(following.reports).toEqual(['lost']));
    expect(feed.asked).toEqual([]);
    feed.keys = [key];
    await eventually('the list has the one revocation', () => expect(following.list.size).toBe(1));
    expect(following.reports).toEqual(['lost', 'following']);
  });

  it('that is revoked signs nothing any more', async () => {
    feed.keys = [key, other];
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, []));
      stream.event(claimsOf.batch(0, [{ kind: 'key', id: other.kid, reason: 'key_revoked' }]));
      stream.event(claimsOf.batch(1, sessions(1)), other);
    });
    const following = feed.follow();
    await eventually('the revoked key is reported', () => expect(following.reports).toEqual(['revoked key']));
    expect(isRevoked(following.list, 'session-0')).toBe(false);
  });
});
