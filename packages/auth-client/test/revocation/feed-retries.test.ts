import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { claimsOf, sessions } from './events.ts';
import { expectRejectionsHandled, type FollowedFeed, startFollowedFeed } from './feed-fixture.ts';
import { type FeedServer, type followFeed, startFeedServer } from './feed-server.ts';

let key: SigningKey;
let feed: FollowedFeed;
expectRejectionsHandled();

beforeAll(async () => {
  key = await createSigningKey();
});

beforeEach(async () => {
  feed = await startFollowedFeed(key);
});

afterEach(() => feed.close());

describe('a feed that is not available', () => {
  it.each<[string, number, Record<string, string>]>([
    ['forbidden', 403, {}],
    ['not found', 404, {}],
    ['an error', 500, {}],
    ['too busy', 503, { 'retry-after': '3600' }],
    ['something else', 200, { 'content-type': 'application/json' }],
    ['nothing', 204, {}],
  ])(
    'because it is %s is asked for again, soon but not in a hurry, and followed when it is back',
    async (_name, status, headers) => {
      feed.answer((_request, response) => response.writeHead(status, headers).end());
      const following = feed.follow();
      await eventually('the feed was asked for three times', () =>
        expect(feed.asked.length).toBeGreaterThanOrEqual(3),
      );
      // The follower counts an attempt before it reaches the server.
      await eventually('each attempt is counted', () =>
        expect(following.follower.reconnects).toBe(feed.asked.length - 1),
      );
      expect(following.reports).toEqual(['lost']);
      feed.serve(sessions(1));
      await eventually('the list has the one revocation', () => expect(following.list.size).toBe(1));
      expect(following.reports).toEqual(['lost', 'following']);
    },
  );

  it('is reported with its answer, also if that was not the first fault', async () => {
    feed.answer((_request, response) => response.destroy());
    const reasons: string[] = [];
    const onLost = (error: unknown) => reasons.push(String((error as Error).message));
    feed.follow({ onLost });
    await eventually('the feed is lost', () => expect(reasons).toHaveLength(1));
    for (const status of [502, 200, 502]) {
      const asked = feed.asked.length;
      feed.answer((_request, response) => response.writeHead(status, { 'content-type': 'text/html' }).end());
      await eventually('it is asked for again', () => expect(feed.asked.length).toBeGreaterThan(asked + 1));
    }
    expect(reasons.slice(1)).toEqual([expect.stringContaining('502'), expect.stringContaining('200')]);
  });

  it('because it redirects is not requested there', async () => {
    const elsewhere = await startFeedServer(key);
    feed.closing.push(() => elsewhere.close());
    feed.answer((_request, response) => response.writeHead(307, { location: elsewhere.uri }).end());
    const following = feed.follow();
    await eventually('the feed was asked for again', () => expect(feed.asked.length).toBeGreaterThan(1));
    expect(elsewhere.asked).toEqual([]);
    expect(following.reports).toEqual(['lost']);
  });

  it('because the token is refused is asked for with another', async () => {
    const told: (string | undefined)[] = [];
    feed.answer((_request, response) => {
      feed.serve(sessions(1));
      response.writeHead(401).end();
    });
    const following = feed.follow({
      accessToken: async (refused) => {
        told.push(refused);
        return refused === undefined ? 'stale' : 'fresh';
      },
    });
    await following.list.ready();
    expect(told).toEqual([undefined, 'stale']);
    expect(feed.asked.map(({ token }) => token)).toEqual(['stale', 'fresh']);
    feed.lastStream()?.end();
    await eventually('another token was asked for', () =>
      expect(told).toEqual([undefined, 'stale', undefined]),
    );
  });

  it('because there is no token is asked for when there is one', async () => {
    feed.serve(sessions(1));
    const tokens: (() => Promise<string>)[] = [
      () => Promise.reject(new Error('no token')),
      () => {
        throw new Error('no token either');
      },
      // A token that never arrives.
      () => new Promise(() => {}),
      async () => 'token',
    ];
    const following = feed.follow({ accessToken: () => tokens.shift()?.() ?? Promise.resolve('token') });
    await following.list.ready();
    expect(following.reports).toEqual(['lost', 'following']);
    expect(feed.asked).toHaveLength(1);
  });
});

describe('a feed that ends again and again', () => {
  it.each<[string, () => void]>([
    ['at once', () => feed.stream((stream) => stream.end())],
    [
      'after a good snapshot',
      () =>
        feed.stream((stream) => {
          stream.event(claimsOf.snapshot(0, sessions(3)));
          stream.end();
        }),
    ],
    [
      'with a gap after each snapshot',
      () =>
        feed.stream((stream) => {
          stream.event(claimsOf.snapshot(0, sessions(3)));
          stream.event(claimsOf.heartbeat(9));
        }),
    ],
    ['by breaking', () => feed.answer((request) => request.socket.destroy())],
  ])('%s is not stormed', async (_name, behave) => {
    behave();
    const before = performance.now();
    const following = feed.follow();
    await eventually('the feed was asked for eight times', () =>
      expect(feed.asked.length).toBeGreaterThanOrEqual(8),
    );
    // 100, 200, 400, 500, 500, 500, 500 ms, each at least halved by jitter: 1.35 s.
    expect(performance.now() - before).toBeGreaterThan(1000);
    expect(following.follower.reconnects).toBeGreaterThanOrEqual(7);
  });
});

describe('closing', () => {
  const never = new Promise<never>(() => {});

  it('ends everything, whatever is being done', async () => {
    const phases: [Parameters<typeof followFeed>[1], (server: FeedServer) => void][] = [
      // It waits for a token; for the feed's answer; follows; waits to retry; has not begun.
      [{ accessToken: () => never }, () => {}],
      [{}, (server) => server.answer(() => {})],
      [{}, (server) => server.stream((stream) => stream.event(claimsOf.snapshot(0, [])))],
      [
        { pace: { firstDelayMs: 60_000, maxDelayMs: 60_000 } },
        (server) => server.answer((_request, response) => response.writeHead(500).end()),
      ],
      [{}, (server) => server.stream(() => {})],
    ];
    const closed = phases.map(async ([options, behave], index) => {
      const server = await startFeedServer(key);
      feed.closing.push(() => server.close());
      behave(server);
      const following = feed.follow(options, server);
      if (index < phases.length - 1) await sleep(300);
      following.close();
      // A request already on its way may still arrive.
      await sleep(1000);
      await eventually('no stream is left at the server', () => expect(server.streams.size).toBe(0));
      const { length } = server.asked;
      await sleep(1500);
      expect(server.asked.length).toBe(length);
      // Closing twice is harmless.
      following.close();
    });
    await Promise.all(closed);
  });

  it('leaves nothing that keeps a process alive', async () => {
    feed.serve(sessions(3));
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = count();
    const following = feed.follow();
    await following.list.ready();
    following.close();
    await eventually('no timer is left', () => expect(count()).toBeLessThanOrEqual(before));
  });
});
