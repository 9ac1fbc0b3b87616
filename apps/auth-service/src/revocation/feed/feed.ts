import type { RevocableToken } from '@latchkey/auth-client';
import type { RevocationLog } from '../log/revocation-log.ts';
import { eventIdOf } from './event-id.ts';
import type { EventStream } from './event-stream.ts';
import { createLiveMessages } from './live-messages.ts';
import type { MessageType } from './message.ts';
import { createPages } from './pages.ts';
import type { SecurityEvents } from './security-event.ts';
import { createServing, createSubscriber, type Subscriber } from './subscriber.ts';

export type RevocationFeedOptions = {
  readonly log: RevocationLog;
  readonly events: SecurityEvents;
  /** The kid of the key that signs now. */
  readonly signingKid: () => string;
  readonly heartbeatMs: number;
  /** What is known to be revoked here. */
  readonly isRevoked: (token: RevocableToken) => boolean;
  readonly onSent?: (type: MessageType) => void;
  /** A stream was broken off, because its reader did not keep up. */
  readonly onDropped?: () => void;
  readonly onFailed?: (error: unknown) => void;
  /** How it waits before it tries again; default by the system's timers. */
  readonly pause?: (ms: number) => Promise<unknown>;
};

export type RevocationFeed = ReturnType<typeof createRevocationFeed>;

/**
 * Tells everybody who follows what is revoked: what they missed, or all that is kept, and from then on what happens.
 *
 * Each subscriber is told each revocation once, in an unbroken chain of positions, whatever comes between: it was away,
 * it is slow, the log moved to another data set. A subscriber that does not read is let go; it may resume. So is one whose
 * own token is revoked, once it has been told that: otherwise it would take a revoked key's tokens until it has come again.
 * While Redis is away streams stay open, and there are no heartbeats: nobody knows then whether anything was revoked.
 *
 * @example
 * const feed = createRevocationFeed({ log, events, signingKid, heartbeatMs: 5000, isRevoked });
 * feed.add(stream, { token: request.caller, lastEventId: undefined });
 */
export function createRevocationFeed(options: RevocationFeedOptions) {
  const { log, onFailed = () => {} } = options;
  const subscribers = new Set<Subscriber>();
  const wakeAll = () => {
    for (const { wake } of subscribers) wake();
  };

  const live = createLiveMessages({
    ...options,
    isAwaited: () => subscribers.size > 0,
    onChange: wakeAll,
    onFailed,
  });
  const pages = createPages(options);
  const serve = createServing({ ...options, live, pages, onFailed });

  const stopListening = [
    log.onBatch((batch) => live.push(batch)),
    log.onNewEpoch(() => {
      live.clear();
      pages.clear();
      wakeAll();
    }),
  ];
  const heart = setInterval(() => {
    endOverdue();
    for (const subscriber of subscribers) subscriber.isHeartbeatDue = true;
    wakeAll();
  }, options.heartbeatMs);
  heart.unref();

  return {
    get streams() {
      return subscribers.size;
    },

    /** What waits for readers, all together. */
    get unsentBytes() {
      return [...subscribers].reduce((sum, { stream }) => sum + stream.unsentBytes, 0);
    },

    /**
     * Takes a stream in, until it closes. An event id that means nothing here is as good as none. Does not check the
     * token, and does not know when it expires.
     */
    add(stream: EventStream, from: { token: RevocableToken; lastEventId: string | undefined }): void {
      const subscriber = createSubscriber(stream, from);
      subscribers.add(subscriber);
      void stream.closed.then(() => {
        subscribers.delete(subscriber);
        subscriber.wake();
      });
      void serve(subscriber);
    },

    /** Ends all streams, and what the feed does. */
    close(): void {
      clearInterval(heart);
      for (const stop of stopListening) stop();
      live.clear();
      for (const { stream } of subscribers) stream.end();
      wakeAll();
    },
  };

  /**
   * Those that came with a token that was revoked, and had heard of it before, from a replica that is ahead: they are told
   * nothing of it here. Only at the second heartbeat, since the list may know of what is on its way to them.
   */
  function endOverdue(): void {
    const head = eventIdOf(log.head);
    for (const subscriber of subscribers) {
      const isDue = subscriber.standsAt === head && options.isRevoked(subscriber.token);
      if (isDue && subscriber.isOverdue) subscriber.stream.end();
      subscriber.isOverdue = isDue;
    }
  }
}
