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

/** A feed together with those who follow it. */
export async function startFollowedFeed(key: SigningKey) {
  const feed = await startFeedServer(key);
  const closing: (() => unknown)[] = [feed.close];
  return Object.assign(feed, {
    /** What is done at the end, the last first. */
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
    /** Has this log in the feed, which goes on where whoever comes was. */
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

/** Has a test fail that leaves a rejected promise to nobody. Before other hooks of the file: it looks after they are done. */
export function expectRejectionsHandled(): void {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  beforeAll(() => void process.on('unhandledRejection', note));
  afterAll(() => void process.off('unhandledRejection', note));
  afterEach(() => expect(unhandled.splice(0)).toEqual([]));
}

/** The ids of the sessions that are revoked, of so many. */
export const revokedOf = ({ list }: Followed, count: number): number[] =>
  Array.from({ length: count }, (_, n) => n).filter((n) => isRevoked(list, `session-${n}`));

export function isRevoked(list: Followed['list'], sessionId: string): boolean {
  const token = { tokenId: 'a', subject: 'user-1', clientId: 'client', issuedAt: 1, keyId: 'k' };
  return list.find({ ...token, sessionId }) !== undefined;
}
