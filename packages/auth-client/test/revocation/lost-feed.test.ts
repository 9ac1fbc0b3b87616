import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFetch, type RevocationList } from '../../src/index.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { at, claimsOf, sessions } from './events.ts';
import { expectRejectionsHandled, type FollowedFeed, startFollowedFeed } from './feed-fixture.ts';

import { startLine } from './line.ts';

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

/** Resolves when the list is next confirmed complete. */
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
  it('causes a fetch of the keys when it is back, because it may no longer contain the revocation of one', async () => {
    const next = await createSigningKey();
    feed.serve(sessions(1));
    const following = feed.follow();
    await following.list.ready();
    expect(following.keySet.find(key.kid)).toBeDefined();
    feed.answer((_request, response) => response.writeHead(503).end());
    [...feed.streams].at(-1)?.end();
    await eventually('the feed is reported as lost', () => expect(following.reports).toEqual(['lost']));
    feed.keys.splice(0, 1, next);
    feed.serve(sessions(1));
    await eventually('the revoked key is forgotten', () =>
      expect(following.keySet.find(key.kid)).toBeUndefined(),
    );
    expect(following.keySet.find(next.kid)).toBeDefined();
  });
});

describe('a connection that breaks', () => {
  it('is found again by the second attempt after its return, with all that was revoked meanwhile', async () => {
    const log = sessions(1);
    feed.serve(log);
    const line = await startLine(feed.url);
    feed.closing.push(() => line.close());
    const following = feed.follow({}, { uri: `${line.url}/revocations`, jwksUri: feed.jwksUri });
    await following.list.ready();
    await line.cut();
    await eventually('the feed is reported as lost', () => expect(following.reports).toEqual(['lost']));
    log.push(...sessions(40, 1));
    feed.serve(log);
    await sleep(1500);
    expect(following.list.lagSeconds).toBeGreaterThan(1.4);
    const confirmed = nextConfirmation(following.list);
    const before = following.follower.reconnects;
    await line.mend();
    await confirmed;
    // One attempt may already have been under way.
    expect(following.follower.reconnects - before).toBeLessThanOrEqual(2);
    expect(following.list.size).toBe(41);
    expect(feed.asked.at(-1)?.lastEventId).toBe(String(at(1)));
    expect(following.reports).toEqual(['lost', 'following']);
  });

  it('without breaking, because the server froze, is given up and found again', async () => {
    const log = sessions(1);
    feed.serve(log);
    const line = await startLine(feed.url);
    feed.closing.push(() => line.close());
    const following = feed.follow(
      { pace: { answerMs: 1000, silenceMs: 1000 } },
      { uri: `${line.url}/revocations`, jwksUri: feed.jwksUri },
    );
    await following.list.ready();
    line.freeze();
    log.push(...sessions(5, 1));
    feed.serve(log);
    // Attempts on the frozen line also count: each is given up after a second.
    await eventually('the feed was connected to twice more', () =>
      expect(following.follower.reconnects).toBeGreaterThanOrEqual(2),
    );
    expect(following.reports.at(-1)).toBe('lost');
    const confirmed = nextConfirmation(following.list);
    await line.mend();
    await confirmed;
    expect(following.list.size).toBe(6);
  });

  it('without breaking, because the network drops its packets, is left for a new one', async () => {
    const log = sessions(1);
    feed.serve(log);
    const line = await startLine(feed.url);
    feed.closing.push(() => line.close());
    const following = feed.follow(
      { pace: { silenceMs: 2_000 }, fetch: createFetch() },
      { uri: `${line.url}/revocations`, jwksUri: feed.jwksUri },
    );
    await following.list.ready();
    const before = feed.asked.length;
    log.push(...sessions(5, 1));
    feed.serve(log);
    line.freeze();
    await line.mend();
    await eventually('the list holds the missed revocations', () => expect(following.list.size).toBe(6));
    expect(feed.asked).toHaveLength(before + 1);
  });

  it('is not taken for broken as long as anything comes', async () => {
    feed.serve(sessions(1));
    // Long enough for a machine that stands still for some seconds between two bytes.
    const following = feed.follow({ pace: { silenceMs: 6_000 } });
    await following.list.ready();
    const before = following.follower.reconnects;
    for (let n = 0; n < 65; n += 1) {
      await sleep(100);
      feed.lastStream()?.raw(':\n');
    }
    expect(following.follower.reconnects).toBe(before);
    await eventually('the feed was connected to once more', () =>
      expect(following.follower.reconnects).toBe(before + 1),
    );
  });
});

describe('a log that fails', () => {
  it('does not end the subscription', async () => {
    feed.answer((_request, response) => response.writeHead(500).end());
    const fail = (): never => {
      throw new Error('the log is full');
    };
    const following = feed.follow({ onLost: fail, onFollowing: fail, onRefused: fail });
    await eventually('the feed was asked for again', () => expect(feed.asked.length).toBeGreaterThan(1));
    feed.stream((stream) => {
      stream.event(claimsOf.snapshot(0, sessions(1)));
      stream.raw('data: garbage\n\n');
      stream.event(claimsOf.batch(1, sessions(1, 1)));
    });
    await eventually('the list has both revocations', () => expect(following.list.size).toBe(2));
  });

  it('nor does a listener of the list that throws: the event comes again', async () => {
    const log = sessions(1);
    feed.serve(log);
    const following = feed.follow();
    await following.list.ready();
    let heard = 0;
    following.list.onRevoked(() => {
      heard += 1;
      throw new Error('cannot hear');
    });
    log.push(...sessions(1, 1));
    const confirmed = nextConfirmation(following.list);
    feed.lastStream()?.event(claimsOf.batch(1, sessions(1, 1)));
    await confirmed;
    expect(following.follower.reconnects).toBe(1);
    expect([following.list.size, heard]).toEqual([2, 1]);
  });
});
