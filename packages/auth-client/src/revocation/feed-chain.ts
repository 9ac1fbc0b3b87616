import { isSamePosition, type Position } from './position.ts';
import type { SecurityEvent } from './security-event.ts';

/**
 * What an event makes of our knowledge: it is complete as of this event; it is not, but more is to come; or something
 * is missing, and only a snapshot helps.
 */
export type ChainVerdict = 'complete' | 'incomplete' | 'gap';

/**
 * Whether anything is missing between the events of the feed. Each says after which position it follows, and up to which
 * it leads; a heartbeat says where the feed is. So what was lost, refused, sent twice or out of order shows, at the
 * latest with the next heartbeat.
 *
 * A snapshot begins anywhere, since it begins with the oldest entry that is kept. Its pages hang together as events do.
 */
export class FeedChain {
  /** We know everything up to here. */
  #position: Position | undefined;
  /** Within a snapshot: its last page led up to here. */
  #page: Position | undefined;
  #refused = false;

  /** Up to where nothing is missing, for resuming there; undefined when a snapshot is needed. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** The feed has been opened anew. What had come of a snapshot is not gone on with. */
  open(): void {
    this.#page = undefined;
    this.#refused = false;
  }

  /** An event was refused: nobody knows what it was. */
  refuse(): void {
    this.#refused = true;
  }

  accept(event: SecurityEvent): ChainVerdict {
    const verdict = event.kind === 'snapshot' ? this.#acceptPage(event) : this.#acceptNews(event);
    if (verdict === 'gap') this.#position = undefined;
    return verdict;
  }

  #acceptPage({ after, upTo, done }: SecurityEvent): ChainVerdict {
    // Where a snapshot begins cannot be told from the page: one that was refused may have been before it.
    const follows = this.#page ? isSamePosition(after, this.#page) : !this.#refused;
    if (!follows) return 'gap';
    this.#position = done ? upTo : undefined;
    this.#page = done ? undefined : upTo;
    return done ? 'complete' : 'incomplete';
  }

  #acceptNews({ kind, after, upTo }: SecurityEvent): ChainVerdict {
    // A heartbeat may come between two pages; it proves nothing there.
    if (this.#page && kind === 'heartbeat') return 'incomplete';
    if (this.#page || !this.#position || !isSamePosition(after, this.#position)) return 'gap';
    this.#position = upTo;
    return 'complete';
  }
}
