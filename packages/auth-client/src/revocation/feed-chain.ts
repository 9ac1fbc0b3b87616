import type { FeedEvent } from '../feed/event.ts';
import { isSamePosition, type Position } from '../feed/position.ts';

/**
 * The state of our knowledge after an event: complete; incomplete, with more to come; or with a gap that only a
 * snapshot can close.
 */
export type ChainVerdict = 'complete' | 'incomplete' | 'gap';

/**
 * Detects gaps between the events of the feed. Each event names the position that it follows and the position that it
 * leads to; a heartbeat names the feed's current position. So a lost, refused, repeated or misordered event is detected
 * with the next heartbeat at the latest.
 *
 * A snapshot may begin at any position: the oldest entry that the issuer keeps. Its pages are chained like events.
 */
export class FeedChain {
  /** We know everything up to this position. */
  #position: Position | undefined;
  /** Within a snapshot: the end of its latest page. */
  #page: Position | undefined;
  #refused = false;

  /** The position from which to resume; undefined when a snapshot is needed. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** The feed was opened again. A partial snapshot is discarded. */
  open(): void {
    this.#page = undefined;
    this.#refused = false;
  }

  /** An event was refused, so its positions are unknown. */
  refuse(): void {
    this.#refused = true;
  }

  accept(event: FeedEvent): ChainVerdict {
    const verdict = event.kind === 'snapshot' ? this.#acceptPage(event) : this.#acceptNews(event);
    if (verdict === 'gap') this.#position = undefined;
    return verdict;
  }

  #acceptPage({ after, upTo, done }: FeedEvent): ChainVerdict {
    // A first page may begin anywhere, so a refused page before it would go unnoticed.
    const follows = this.#page ? isSamePosition(after, this.#page) : !this.#refused;
    if (!follows) return 'gap';
    this.#position = done ? upTo : undefined;
    this.#page = done ? undefined : upTo;
    return done ? 'complete' : 'incomplete';
  }

  #acceptNews({ kind, after, upTo }: FeedEvent): ChainVerdict {
    // A heartbeat may come between two pages of a snapshot; it proves nothing there.
    if (this.#page && kind === 'heartbeat') return 'incomplete';
    if (this.#page || !this.#position || !isSamePosition(after, this.#position)) return 'gap';
    this.#position = upTo;
    return 'complete';
  }
}
