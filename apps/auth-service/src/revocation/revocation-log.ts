import type { Revocation } from '@latchkey/auth-client';
import type { Position } from './position.ts';
import type { PublishableRevocation } from './revocation.ts';

/** The entries between two positions, in order, and all of them. */
export type RevocationBatch = {
  readonly after: Position;
  readonly upTo: Position;
  readonly revocations: readonly Revocation[];
};

export type RevocationLog = {
  /**
   * Makes the data set if there is none, tells what is retained to the listeners, and follows from there. Resolves when
   * it follows, or once the first attempt has failed, within about a second: it goes on trying by itself.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What has been read; changes right before the listeners are told. */
  readonly head: Position;
  /**
   * Each entry once, in the order of its shard; at most 500 at a time, and the `after` of each batch is the `upTo` of
   * the one before, but for the first one of an epoch. Returns what takes the listener off.
   */
  onBatch(listener: (batch: RevocationBatch) => void): () => void;
  /**
   * The data set or the Redis server is another one: every subscriber needs a snapshot. `head` is of the new epoch
   * already, at its oldest entry, and what is retained is told once more.
   */
  onNewEpoch(listener: () => void): () => void;
  /**
   * The next entries after a position, at most 500, and none that is not within `head` at the time of the call: a page
   * whose `upTo` is that head is the last. Undefined when the log cannot go on from there: another epoch, trimmed away,
   * or ahead of the head. 'oldest' starts at what is retained.
   *
   * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer.
   */
  read(after: Position | 'oldest'): Promise<RevocationBatch | undefined>;
  /**
   * Appends one entry. When the reply is lost it may be there twice, which does no harm. Of a session or a person, the
   * session store's own scripts are the way: they keep what must hold together.
   *
   * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer.
   */
  publish(revocation: PublishableRevocation): Promise<void>;
  /** Whether everything is told that is in Redis, as of less than a second ago; false while Redis is away. */
  readonly isFollowing: boolean;
  /**
   * No token may be issued with an `iat` before this, in seconds since 1970: the data set says that all of those are
   * revoked. 0 when it says nothing.
   */
  readonly issuedFrom: number;
};
