import type { RevocableToken } from '@latchkey/auth-client';
import { eventIdOf } from '@latchkey/auth-client/feed';
import type { RevocationLog } from '../log/revocation-log.ts';
import type { EventStream } from './event-stream.ts';
import { createLiveMessages } from './live-messages.ts';
import type { MessageType } from './message.ts';
import { createPages } from './pages.ts';
import type { SecurityEvents } from './security-event.ts';
import { createServing, createSubscriber, type Subscriber } from './subscriber.ts';

export type RevocationFeedOptions = {
  readonly log: RevocationLog;
  readonly events: SecurityEvents;
  /** Returns the kid of the active signing key. */
  readonly signingKid: () => string;
  readonly heartbeatMs: number;
  /** Whether this replica knows the token to be revoked. */
  readonly isRevoked: (token: RevocableToken) => boolean;
  readonly onSent?: (type: MessageType) => void;
  /** Called when a stream was broken off because its reader did not keep up. */
  readonly onDropped?: () => void;
  readonly onFailed?: (error: unknown) => void;
  /** How it waits before a retry; default: the system's timers. */
  readonly pause?: (ms: number) => Promise<unknown>;
};

export type RevocationFeed = ReturnType<typeof createRevocationFeed>;

/**
 * Sends revocations to all subscribers: first those that a subscriber missed, or all retained ones, then new ones.
 *
 * Each subscriber gets each revocation once, in an unbroken chain of positions, even if it was away, is slow, or the log
 * moved to another data set. The stream of a subscriber that does not read is broken off; the subscriber may resume.
 *
 * A stream whose own token is revoked ends after that revocation was sent. If it ended before, the subscriber would
 * accept a revoked key's tokens until it reconnects. While Redis is away, streams stay open but get no heartbeats,
 * because it is unknown whether anything was revoked.
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

    /** The unsent bytes of all streams together. */
    get unsentBytes() {
      return [...subscribers].reduce((sum, { stream }) => sum + stream.unsentBytes, 0);
    },

    /**
     * Serves a stream until it closes. An unknown event id counts as none. Does not check the token or its expiry.
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

    /** Ends all streams and stops the feed. */
    close(): void {
      clearInterval(heart);
      for (const stop of stopListening) stop();
      live.clear();
      for (const { stream } of subscribers) stream.end();
      wakeAll();
    },
  };

  /**
   * Ends streams whose token is revoked but whose subscriber got that revocation elsewhere, from a replica that is
   * ahead: this feed does not send it again. Waits for a second heartbeat, in case the revocation is still on its way.
   */
  function endOverdue(): void {
    const head = eventIdOf(log.head);
    for (const subscriber of subscribers) {
      const isDue = subscriber.lastSentId === head && options.isRevoked(subscriber.token);
      if (isDue && subscriber.isOverdue) subscriber.stream.end();
      subscriber.isOverdue = isDue;
    }
  }
}
