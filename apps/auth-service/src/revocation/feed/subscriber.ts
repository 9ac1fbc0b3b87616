import { setTimeout as delay } from 'node:timers/promises';
import { concerns, type RevocableToken } from '@latchkey/auth-client';
import { eventIdOf, positionFromEventId } from '@latchkey/auth-client/feed';
import type { RevocationLog } from '../log/revocation-log.ts';
import type { EventStream } from './event-stream.ts';
import type { LiveMessages } from './live-messages.ts';
import { type FeedMessage, feedMessage, type MessageType } from './message.ts';
import { isAhead } from './order.ts';
import type { Pages } from './pages.ts';
import type { SecurityEvents } from './security-event.ts';

const pauseMs = 100;
/**
 * How long to wait for this replica to reach a subscriber's position, which another replica gave it. Then: a snapshot.
 */
const maxBehindMs = 1000;
const behindPauseMs = 20;

/** One stream of the feed and its state. */
export type Subscriber = {
  readonly stream: EventStream;
  /** The token that opened the stream. */
  readonly token: RevocableToken;
  /** The id of the last event that was sent to it; before the first, its Last-Event-ID. */
  lastSentId: string;
  /** It is getting a snapshot, and has not got the last page yet. */
  isInSnapshot: boolean;
  /** It needs a heartbeat once it has everything. */
  isHeartbeatDue: boolean;
  /** How long it has waited for this replica to reach its position. */
  waitedMs: number;
  /** At the last heartbeat its token was known to be revoked, and it had everything. */
  isOverdue: boolean;
  /** It has everything, and waits for new messages. */
  isWaiting: boolean;
  /** Makes it check for new messages. */
  wake: () => void;
};

export function createSubscriber(
  stream: EventStream,
  { token, lastEventId }: { token: RevocableToken; lastEventId: string | undefined },
): Subscriber {
  return {
    stream,
    token,
    lastSentId: lastEventId ?? '',
    isInSnapshot: false,
    isHeartbeatDue: true,
    waitedMs: 0,
    isOverdue: false,
    isWaiting: false,
    wake: () => {},
  };
}

export type ServingParts = {
  readonly log: Pick<RevocationLog, 'head' | 'isFollowing'>;
  readonly live: LiveMessages;
  readonly pages: Pages;
  readonly events: Pick<SecurityEvents, 'heartbeat'>;
  readonly onSent?: ((type: MessageType) => void) | undefined;
  readonly onDropped?: (() => void) | undefined;
  /** Called for errors while Redis is available. The message is tried again. */
  readonly onFailed: (error: unknown) => void;
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined;
};

/**
 * Serves subscribers until their streams close. Each gets the message that continues after its position: a live one if
 * it exists or will come, otherwise a page of what it missed, or of a snapshot. So its chain has no gaps or repeats.
 *
 * Before a page is read, the live messages are sealed, so that one of them continues at the head, where the last page
 * ends. Missed messages are sent at the reader's pace, with at most one unsent. Awaited messages are sent at once, and
 * the stream is broken off when too much is unsent. While the log is not following there are no pages, because a
 * snapshot would claim to be complete.
 */
export function createServing(parts: ServingParts) {
  const { log, live, pages, events, onSent, onDropped, onFailed, pause = delay } = parts;
  let heartbeat: { readonly id: string; readonly message: Promise<FeedMessage> } | undefined;

  return async function serve(subscriber: Subscriber): Promise<void> {
    while (subscriber.stream.isOpen) {
      try {
        const message = await nextFor(subscriber);
        if (message !== undefined && subscriber.stream.isOpen) send(subscriber, message);
      } catch (error) {
        if (log.isFollowing) onFailed(error);
        await pause(pauseMs);
      }
    }
  };

  /** Resolves to undefined when the caller must check again. */
  async function nextFor(subscriber: Subscriber): Promise<FeedMessage | undefined> {
    const { lastSentId } = subscriber;
    if (subscriber.isInSnapshot) return nextPage(subscriber);
    const message = live.from(lastSentId);
    if (message !== undefined) {
      if (!subscriber.isWaiting) await subscriber.stream.untilDrained();
      return message;
    }
    if (!live.isComing(lastSentId)) return nextPage(subscriber);
    // Also while a heartbeat is being signed: what comes meanwhile is awaited too.
    subscriber.isWaiting = true;
    if (subscriber.isHeartbeatDue && log.isFollowing && lastSentId === eventIdOf(log.head))
      return heartbeatAtHead(subscriber);
    await new Promise<void>((resolve) => {
      subscriber.wake = resolve;
    });
    return undefined;
  }

  async function nextPage(subscriber: Subscriber): Promise<FeedMessage | undefined> {
    await subscriber.stream.untilDrained();
    if (!subscriber.stream.isOpen) return undefined;
    if (!log.isFollowing) return void (await pause(pauseMs));
    const after = positionFromEventId(subscriber.lastSentId, log.head.length) ?? 'oldest';
    const head = eventIdOf(log.head);
    live.seal();
    const epoch = pages.epoch;
    const page = await pages.read(after);
    if (epoch !== pages.epoch) return undefined;
    if (page !== undefined) {
      const as = {
        isSnapshot: subscriber.isInSnapshot || after === 'oldest',
        isLast: eventIdOf(page.upTo) === head,
      };
      const message = await pages.sign(page, as);
      if (epoch !== pages.epoch) return undefined;
      subscriber.isInSnapshot = as.isSnapshot && !as.isLast;
      return message;
    }
    if (after === 'oldest') await pause(pauseMs);
    else if (isAhead(after, log.head) && subscriber.waitedMs < maxBehindMs) {
      subscriber.waitedMs += behindPauseMs;
      await pause(behindPauseMs);
    } else subscriber.lastSentId = '';
    return undefined;
  }

  /** Signs one heartbeat for all subscribers that need it at the same time. */
  async function heartbeatAtHead(subscriber: Subscriber): Promise<FeedMessage | undefined> {
    const { head } = log;
    const id = eventIdOf(head);
    if (heartbeat?.id !== id) {
      const signing = events
        .heartbeat(head)
        .then((token) => feedMessage('heartbeat', { after: head, upTo: head, revocations: [] }, token));
      heartbeat = { id, message: signing };
      const forget = () => {
        if (heartbeat?.message === signing) heartbeat = undefined;
      };
      signing.then(forget, forget);
    }
    const message = await heartbeat.message;
    // Something was revoked while the heartbeat was being signed.
    if (id !== eventIdOf(log.head)) return undefined;
    subscriber.isHeartbeatDue = false;
    return message;
  }

  function send(subscriber: Subscriber, message: FeedMessage): void {
    const { stream, token } = subscriber;
    if (!stream.write(message.bytes)) {
      onDropped?.();
      return;
    }
    subscriber.lastSentId = message.upTo;
    subscriber.waitedMs = 0;
    subscriber.isWaiting = false;
    onSent?.(message.type);
    if (message.revocations.some((revocation) => concerns(revocation, token))) stream.end();
  }
}
