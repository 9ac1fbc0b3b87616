import type { Position } from '../log/position.ts';
import type { RevocationLog } from '../log/revocation-log.ts';
import { eventIdOf, isAhead } from './event-id.ts';
import type { LiveMessages } from './live-messages.ts';
import type { FeedMessage } from './message.ts';
import type { Pages } from './pages.ts';
import type { Subscriber } from './subscriber.ts';

const PAUSE_MS = 100;
/** How long a replica may be behind another one that the subscriber comes from; beyond it a snapshot is due. */
const MOST_BEHIND_MS = 1000;
const BEHIND_PAUSE_MS = 20;

export type CatchUpParts = {
  readonly log: Pick<RevocationLog, 'head' | 'isFollowing'>;
  readonly live: Pick<LiveMessages<Subscriber>, 'seal' | 'heartbeat'>;
  readonly pages: Pages;
  readonly send: (subscriber: Subscriber, message: FeedMessage) => void;
  /** Sends a live message, or catches up again when it does not follow on what was sent last. */
  readonly follow: (subscriber: Subscriber, message: FeedMessage) => void;
  /** Something other than Redis' absence. It is tried again. */
  readonly onFailed: (error: unknown) => void;
  readonly pause: (ms: number) => Promise<unknown>;
};

/**
 * Sends a subscriber what it missed, or a snapshot when that cannot be had, and hands it over to the live messages
 * without a gap and without anything twice:
 *
 * Before each page is asked for, the live messages are sealed, and those that come from then on are held for this
 * subscriber. A page ends at the head as it was at that moment, if not earlier. If it ends there, what was held follows
 * on it exactly. If not, the held messages will be in a later page, and are forgotten.
 *
 * Goes at the reader's pace: one page is unsent at most. Waits while the log is not following, since a snapshot would
 * then claim to be all that is known.
 */
export function createCatchUp({ log, live, pages, send, follow, onFailed, pause }: CatchUpParts) {
  return async function catchUp(subscriber: Subscriber, from: Position | 'oldest'): Promise<void> {
    subscriber.attempt += 1;
    const { stream, attempt } = subscriber;
    const isCurrent = () => stream.isOpen && subscriber.attempt === attempt;
    let after = from;
    let isSnapshot = from === 'oldest';
    let waitedMs = 0;
    detach(subscriber);
    if (from !== 'oldest') subscriber.standsAt = eventIdOf(from);

    /** Returns whether it was the last page. */
    async function sendPage(): Promise<boolean> {
      const head = eventIdOf(log.head);
      subscriber.joinsAt = live.seal();
      subscriber.held = [];
      const page = await pages.read(after);
      if (page === undefined) {
        await giveUp();
        return false;
      }
      const isLast = eventIdOf(page.upTo) === head;
      if (isSnapshot || page.revocations.length > 0) {
        const message = await pages.sign(page, { isSnapshot, isLast });
        if (!isCurrent()) return false;
        send(subscriber, message);
      }
      after = page.upTo;
      return isLast;
    }

    async function giveUp(): Promise<void> {
      if (after === 'oldest') return void (await pause(PAUSE_MS));
      if (isAhead(after, log.head) && waitedMs < MOST_BEHIND_MS) {
        waitedMs += BEHIND_PAUSE_MS;
        return void (await pause(BEHIND_PAUSE_MS));
      }
      after = 'oldest';
      isSnapshot = true;
    }

    while (isCurrent()) {
      await stream.untilDrained();
      if (!isCurrent()) return;
      if (!log.isFollowing) await pause(PAUSE_MS);
      else if (await sendPage().catch(failed)) break;
      else if (isCurrent()) detach(subscriber);
    }
    if (isCurrent()) join(subscriber, attempt);
  };

  async function failed(error: unknown): Promise<false> {
    if (log.isFollowing) onFailed(error);
    await pause(PAUSE_MS);
    return false;
  }

  function join(subscriber: Subscriber, attempt: number): void {
    const { held = [] } = subscriber;
    subscriber.held = undefined;
    for (const message of held) if (subscriber.attempt === attempt) follow(subscriber, message);
    if (log.isFollowing && subscriber.attempt === attempt) live.heartbeat(log.head, subscriber);
  }
}

function detach(subscriber: Subscriber): void {
  subscriber.joinsAt = Number.POSITIVE_INFINITY;
  subscriber.held = [];
}
