import type { RevocableToken } from '@latchkey/auth-client';
import type { EventStream } from './event-stream.ts';
import type { FeedMessage } from './message.ts';

/** Somebody who follows the feed: first catching up, then live. */
export type Subscriber = {
  readonly stream: EventStream;
  /** The token that opened the stream. */
  readonly token: RevocableToken;
  /** The id of the last event that was sent; before the first, of the event that it says it has seen. */
  standsAt: string;
  /** Counts how often it has begun to catch up: each time ends the one before. */
  attempt: number;
  /** The first live message that it gets; Infinity while it is far behind. */
  joinsAt: number;
  /** The live messages that came while what should be the last page is on its way; undefined when it is live. */
  held: FeedMessage[] | undefined;
  /** At the last heartbeat its token was known to be revoked, and it had been told everything. */
  isOverdue: boolean;
};

export function createSubscriber(stream: EventStream, token: RevocableToken): Subscriber {
  return {
    stream,
    token,
    standsAt: '',
    attempt: 0,
    joinsAt: Number.POSITIVE_INFINITY,
    held: [],
    isOverdue: false,
  };
}
