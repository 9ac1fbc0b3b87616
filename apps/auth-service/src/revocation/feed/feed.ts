import { setTimeout as delay } from 'node:timers/promises';
import { concerns, type RevocableToken } from '@latchkey/auth-client';
import type { RevocationLog } from '../log/revocation-log.ts';
import { createCatchUp } from './catch-up.ts';
import { eventIdOf, positionFromEventId } from './event-id.ts';
import { type EventStream, MOST_UNSENT_BYTES } from './event-stream.ts';
import { createLiveMessages } from './live-messages.ts';
import type { FeedMessage, MessageType } from './message.ts';
import { createPages } from './pages.ts';
import type { SecurityEvents } from './security-event.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

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
  const { log, events, onSent, onDropped, onFailed = () => {}, pause = delay } = options;
  const subscribers = new Set<Subscriber>();

  const live = createLiveMessages<Subscriber>({
    events,
    isAwaited: (number) => [...subscribers].some(({ joinsAt }) => joinsAt <= number),
    deliver(message, number, to) {
      for (const subscriber of to === 'everybody' ? subscribers : to) offer(subscriber, message, number);
    },
    onFailed(error) {
      onFailed(error);
      // One that is catching up notices what is missing once it has.
      for (const subscriber of subscribers)
        if (subscriber.held === undefined) catchUpFromWhereItStands(subscriber);
    },
  });
  const pages = createPages(options);
  const catchUp = createCatchUp({ log, live, pages, send, follow, onFailed, pause });

  const stopListening = [
    log.onBatch((batch) => live.push(batch)),
    log.onNewEpoch(() => {
      live.clear();
      pages.clear();
      for (const subscriber of subscribers) void catchUp(subscriber, 'oldest');
    }),
  ];
  const heart = setInterval(() => {
    endOverdue();
    if (log.isFollowing) live.heartbeat(log.head);
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
    add(
      stream: EventStream,
      { token, lastEventId }: { token: RevocableToken; lastEventId: string | undefined },
    ): void {
      const subscriber = createSubscriber(stream, token);
      subscribers.add(subscriber);
      void stream.closed.then(() => subscribers.delete(subscriber));
      subscriber.standsAt = lastEventId ?? '';
      catchUpFromWhereItStands(subscriber);
    },

    /** Ends all streams, and what the feed does. */
    close(): void {
      clearInterval(heart);
      for (const stop of stopListening) stop();
      live.clear();
      for (const { stream } of subscribers) stream.end();
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

  function offer(subscriber: Subscriber, message: FeedMessage, number: number): void {
    if (number < subscriber.joinsAt || !subscriber.stream.isOpen) return;
    if (subscriber.held === undefined) follow(subscriber, message);
    else hold(subscriber, subscriber.held, message);
  }

  function hold({ stream }: Subscriber, held: FeedMessage[], message: FeedMessage): void {
    held.push(message);
    const heldBytes = held.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (stream.unsentBytes + heldBytes <= MOST_UNSENT_BYTES) return;
    stream.breakOff();
    onDropped?.();
  }

  function follow(subscriber: Subscriber, message: FeedMessage): void {
    if (message.after === subscriber.standsAt) send(subscriber, message);
    else catchUpFromWhereItStands(subscriber);
  }

  function send(subscriber: Subscriber, message: FeedMessage): void {
    const { stream, token } = subscriber;
    if (!stream.write(message.bytes)) {
      onDropped?.();
      return;
    }
    subscriber.standsAt = message.upTo;
    onSent?.(message.type);
    if (message.revocations.some((revocation) => concerns(revocation, token))) stream.end();
  }

  function catchUpFromWhereItStands(subscriber: Subscriber): void {
    void catchUp(subscriber, positionFromEventId(subscriber.standsAt, log.head.length) ?? 'oldest');
  }
}
