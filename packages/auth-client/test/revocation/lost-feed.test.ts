import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RevocationList } from '../../src/index.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { at, claimsOf, sessions } from './events.ts';
import { eventually, type FeedServer, type Followed, followFeed, startFeedServer } from './feed-server.ts';
import { startLine } from './line.ts';

let key: SigningKey;
let feed: FeedServer;
const closing: (() => unknown)[] = [];
const unhandled: unknown[] = [];

beforeAll(async () => {
  key = await createSigningKey();
  process.on('unhandledRejection', (error) => unhandled.push(error));
});

beforeEach(async () => {
  feed = await startFeedServer(key);
  closing.push(() => feed.close());
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(unhandled).toEqual([]);
});

function follow(
  options?: Parameters<typeof followFeed>[1],
  by: Pick<FeedServer, 'uri' | 'jwksUri'> = feed,
): Followed {
  const followed = followFeed(by, options);
  closing.push(() => followed.close());
  return followed;
}

/** A feed with this log; it goes on where whoever comes was. */
function serve(log: ReturnType<typeof sessions>): void {
  feed.stream((stream, { lastEventId }) => {
    const seen = Number(lastEventId?.split('-')[1] ?? Number.NaN);
    if (Number.isNaN(seen)) stream.event(claimsOf.snapshot(0, log));
    else if (seen < log.length) stream.event(claimsOf.batch(seen, log.slice(seen)));
    stream.event(claimsOf.heartbeat(log.length));
  });
}

/** When the list is next proved complete. */
async function nextConfirmation(list: RevocationList): Promise<void> {
  const { confirm } = list;
  await new Promise<void>((resolve) => {
    list.confirm = () => {
      confirm.call(list);
      resolve();
    };
  });
}

describe('a feed that was lost', () => {
  it('has the keys fetched when it is back: one that was revoked meanwhile may be told of no more', async () => {
    const next = await createSigningKey();
    serve(sessions(1));
    const following = follow();
    await following.list.ready();
    expect(following.keySet.find(key.kid)).toBeDefined();
    feed.answer((_request, response) => response.writeHead(503).end());
    [...feed.streams].at(-1)?.end();
    await eventually(() => following.reports).toEqual(['lost']);
    feed.keys.splice(0, 1, next);
    serve(sessions(1));
    await eventually(() => following.keySet.find(key.kid)).toBeUndefined();
    expect(following.keySet.find(next.kid)).toBeDefined();
  });
});

describe('a feed that cannot be had', () => {
  it.each<[string, number, Record<string, string>]>([
    ['forbidden', 403, {}],
    ['not found', 404, {}],
    ['an error', 500, {}],
    ['too busy', 503, { 'retry-after': '3600' }],
    ['something else', 200, { 'content-type': 'application/json' }],
    ['nothing', 204, {}],
  ])(
    'because it is %s is asked for again, soon but not in a hurry, and had when it is back',
    async (_name, status, headers) => {
      feed.answer((_request, response) => response.writeHead(status, headers).end());
      const following = follow();
      await eventually(() => feed.asked.length).toBeGreaterThanOrEqual(3);
      expect(following.follower.reconnects).toBe(feed.asked.length - 1);
      expect(following.reports).toEqual(['lost']);
      serve(sessions(1));
      await eventually(() => following.list.size).toBe(1);
      expect(following.reports).toEqual(['lost', 'following']);
    },
  );

  it('because it is elsewhere is not looked for there', async () => {
    const elsewhere = await startFeedServer(key);
    closing.push(() => elsewhere.close());
    feed.answer((_request, response) => response.writeHead(307, { location: elsewhere.uri }).end());
    const following = follow();
    await eventually(() => feed.asked.length).toBeGreaterThan(1);
    expect(elsewhere.asked).toEqual([]);
    expect(following.reports).toEqual(['lost']);
  });

  it('because the token is refused is asked for with another', async () => {
    serve(sessions(1));
    const told: (string | undefined)[] = [];
    feed.answer((_request, response) => {
      serve(sessions(1));
      response.writeHead(401).end();
    });
    const following = follow({
      accessToken: async (refused) => {
        told.push(refused);
        return refused === undefined ? 'stale' : 'fresh';
      },
    });
    await following.list.ready();
    expect(told).toEqual([undefined, 'stale']);
    expect(feed.asked.map(({ token }) => token)).toEqual(['stale', 'fresh']);
    lastStream()?.end();
    await eventually(() => told).toEqual([undefined, 'stale', undefined]);
  });

  it('because there is no token is asked for when there is one', async () => {
    serve(sessions(1));
    const tokens: (() => Promise<string>)[] = [
      () => Promise.reject(new Error('no token')),
      () => {
        throw new Error('no token either');
      },
      // It never comes.
      () => new Promise(() => {}),
      async () => 'token',
    ];
    const following = follow({ accessToken: () => tokens.shift()?.() ?? Promise.resolve('token') });
    await following.list.ready();
    expect(following.reports).toEqual(['lost', 'following']);
    expect(feed.asked).toHaveLength(1);
  });
});

const lastStream = () => [...feed.streams].at(-1);

describe('a feed that ends again and again', () => {
  it.each<[string, (n: number) => void]>([
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
    behave(0);
    const before = performance.now();
    const following = follow();
    await eventually(() => feed.asked.length).toBeGreaterThanOrEqual(8);
    // 100, 200, 400, 500, 500, 500, 500 ms, half of it at the least: 1.35 s.
    expect(performance.now() - before).toBeGreaterThan(1000);
    expect(following.follower.reconnects).toBeGreaterThanOrEqual(7);
  });
});

describe('a line that breaks', () => {
  it('is found again within 2 s of its return, with all that was revoked meanwhile', async () => {
    const log = sessions(1);
    serve(log);
    const line = await startLine(feed.url);
    closing.push(() => line.close());
    const following = follow({}, { uri: `${line.url}/revocations`, jwksUri: feed.jwksUri });
    await following.list.ready();
    await line.cut();
    await eventually(() => following.reports).toEqual(['lost']);
    log.push(...sessions(40, 1));
    serve(log);
    await sleep(1500);
    expect(following.list.lagSeconds).toBeGreaterThan(1.4);
    const confirmed = nextConfirmation(following.list);
    const before = performance.now();
    await line.mend();
    await confirmed;
    expect(performance.now() - before).toBeLessThan(2000);
    expect(following.list.size).toBe(41);
    expect(feed.asked.at(-1)?.lastEventId).toBe(String(at(1)));
    expect(following.reports).toEqual(['lost', 'following']);
  });

  it('without breaking, because the server froze, is given up and found again', async () => {
    const log = sessions(1);
    serve(log);
    const line = await startLine(feed.url);
    closing.push(() => line.close());
    const following = follow(
      { pace: { silenceMs: 1000 } },
      { uri: `${line.url}/revocations`, jwksUri: feed.jwksUri },
    );
    await following.list.ready();
    line.freeze();
    log.push(...sessions(5, 1));
    serve(log);
    // Attempts are made against the frozen line, too: each is given up after a second.
    await eventually(() => following.follower.reconnects).toBeGreaterThanOrEqual(2);
    expect(following.reports).toEqual(['lost']);
    const confirmed = nextConfirmation(following.list);
    const before = performance.now();
    await line.mend();
    await confirmed;
    expect(performance.now() - before).toBeLessThan(2500);
    expect(following.list.size).toBe(6);
  });

  it('is not taken for broken as long as anything comes', async () => {
    serve(sessions(1));
    const following = follow({ pace: { silenceMs: 1000 } });
    await following.list.ready();
    for (let n = 0; n < 15; n += 1) {
      await sleep(100);
      lastStream()?.raw(':\n');
    }
    expect(following.follower.reconnects).toBe(0);
    await eventually(() => following.follower.reconnects).toBe(1);
  });
});

describe('closing', () => {
  const never = new Promise<never>(() => {});

  it('ends everything, whatever is being done', async () => {
    const phases: [Parameters<typeof followFeed>[1], (server: FeedServer) => void][] = [
      // A token is awaited; the feed is asked; followed; waited for; nothing has begun.
      [{ accessToken: () => never }, () => {}],
      [{}, (server) => server.answer(() => {})],
      [{}, (server) => server.stream((stream) => stream.event(claimsOf.snapshot(0, [])))],
      [
        { pace: { firstDelayMs: 60_000, longestDelayMs: 60_000 } },
        (server) => server.answer((_request, response) => response.writeHead(500).end()),
      ],
      [{}, (server) => server.stream(() => {})],
    ];
    const closed = phases.map(async ([options, behave], index) => {
      const server = await startFeedServer(key);
      closing.push(() => server.close());
      behave(server);
      const following = follow(options, server);
      if (index < phases.length - 1) await sleep(300);
      following.close();
      // What was on its way already may still arrive.
      await sleep(1000);
      await eventually(() => server.streams.size).toBe(0);
      const { length } = server.asked;
      await sleep(1500);
      expect(server.asked.length).toBe(length);
      // Twice is as good as once.
      following.close();
    });
    await Promise.all(closed);
  });

  it('leaves nothing that keeps a process alive', async () => {
    serve(sessions(3));
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = count();
    const following = follow();
    await following.list.ready();
    following.close();
    await eventually(count).toBeLessThanOrEqual(before);
  });
});

describe('a log that fails', () => {
  it('does not end the subscription', async () => {
    feed.answer((_request, response) => response.writeHead(500).end());
    const fail = (): never => {
      throw new Error('the log is full');
    };
    const following = follow({ onLost: fail, onFollowing: fail, onRefused: fail });
    await eventually(() => feed.asked.length).toBeGreaterThan(1);
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(1)));
      stream.raw('data: garbage\n\n');
      stream.event(claimsOf.batch(1, sessions(1, 1)));
    });
    await eventually(() => following.list.size).toBe(2);
  });

  it('nor does somebody who listens to the list: the event comes again', async () => {
    const log = sessions(1);
    serve(log);
    const following = follow();
    await following.list.ready();
    let heard = 0;
    following.list.onRevoked(() => {
      heard += 1;
      throw new Error('cannot hear');
    });
    log.push(...sessions(1, 1));
    const confirmed = nextConfirmation(following.list);
    lastStream()?.event(claimsOf.batch(1, sessions(1, 1)));
    await confirmed;
    expect(following.follower.reconnects).toBe(1);
    expect([following.list.size, heard]).toEqual([2, 1]);
  });
});
