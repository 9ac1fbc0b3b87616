import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { SigningKey } from '../../src/testing/index.ts';
import { claimsOf, type sessions } from './events.ts';
import {
  type FeedServer,
  type FeedStream,
  type Followed,
  followFeed,
  startFeedServer,
} from './feed-server.ts';

export type FollowedFeed = Awaited<ReturnType<typeof startFollowedFeed>>;

/** A feed and its followers. */
export async function startFollowedFeed(key: SigningKey) {
  const feed = await startFeedServer(key);
  const closing: (() => unknown)[] = [feed.close];
  return Object.assign(feed, {
    /** Cleanup functions. They run at the end, the last first. */
    closing,
    /** Follows this feed, or another one. */
    follow(
      options?: Parameters<typeof followFeed>[1],
      by: Pick<FeedServer, 'uri' | 'jwksUri'> = feed,
    ): Followed {
      const followed = followFeed(by, options);
      closing.push(() => followed.close());
      return followed;
    },
    lastStream: (): FeedStream | undefined => [...feed.streams].at(-1),
    /** Serves this log. Each subscriber continues from its last position. */
    serve(log: ReturnType<typeof sessions>): void {
      feed.stream((stream, { lastEventId }) => {
        const seen = Number(lastEventId?.split('-')[1] ?? Number.NaN);
        if (Number.isNaN(seen)) stream.event(claimsOf.snapshot(0, log));
        else if (seen < log.length) stream.event(claimsOf.batch(seen, log.slice(seen)));
        stream.event(claimsOf.heartbeat(log.length));
      });
    },
    async close(): Promise<void> {
      for (const close of closing.splice(0).reverse()) await close();
    },
  });
}

/** Fails a test that leaves a rejected promise unhandled. Call it before other hooks, so that it checks after them. */
export function expectRejectionsHandled(): void {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  beforeAll(() => void process.on('unhandledRejection', note));
  afterAll(() => void process.off('unhandledRejection', note));
  afterEach(() => expect(unhandled.splice(0)).toEqual([]));
}

/** Which of the first `count` sessions are revoked. */
export const revokedOf = ({ list }: Followed, count: number): number[] =>
  Array.from({ length: count }, (_, n) => n).filter((n) => isRevoked(list, `session-${n}`));

export function isRevoked(list: Followed['list'], sessionId: string): boolean {
  const token = { tokenId: 'a', subject: 'user-1', clientId: 'client', issuedAt: 1, keyId: 'k' };
  return list.find({ ...token, sessionId }) !== undefined;
}
