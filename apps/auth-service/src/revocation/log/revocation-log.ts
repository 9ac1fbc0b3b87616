import type { Revocation } from '@latchkey/auth-client';
import { type Position, writeShardPosition } from '@latchkey/auth-client/feed';
import type { RedisClient } from '../../redis/client.ts';
import { type ConnectionOptions, createReaderConnection, readerTimeoutOf } from '../../redis/connection.ts';
import { revocationHeadKey, revocationsKey, shardOf, shardOfSession } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { loadScript } from '../../redis/script.ts';
import type { DataSets } from './data-sets.ts';
import { createPageReader } from './page-reader.ts';
import { fieldsOf, type PublishableRevocation } from './revocation.ts';
import { createShardReader } from './shard-reader.ts';

/** The position of a shard that has not been read yet. No data set has this epoch. */
const unknownPosition = '0-0';

const publishEntry = loadScript<string>('publishRevocation', [
  new URL('./scripts/publish-revocation.lua', import.meta.url),
  new URL('./scripts/publish.lua', import.meta.url),
]);

/** All entries between two positions, in order. */
export type RevocationBatch = {
  readonly after: Position;
  readonly upTo: Position;
  readonly revocations: readonly Revocation[];
};

export type RevocationLog = {
  /**
   * Makes the data set if there is none, passes the retained entries to the listeners, and follows from there. Resolves
   * when it follows, or within about a second once the first attempt has failed. It then keeps trying by itself.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The position up to which the log has been read. Changes right before the listeners are called. */
  readonly head: Position;
  /**
   * Calls the listener with each entry once, in the order of its shard, at most 500 at a time. The `after` of each
   * batch is the `upTo` of the previous one, except for the first batch of an epoch. Returns the unsubscribe function.
   */
  onBatch(listener: (batch: RevocationBatch) => void): () => void;
  /**
   * Calls the listener when the data set or the Redis server has changed or is seen for the first time, or when entries
   * were lost before we read them: every subscriber then needs a snapshot. `head` is already at the start of the new
   * epoch, and the retained entries follow (again). Called for each shard.
   */
  onNewEpoch(listener: () => void): () => void;
  /**
   * Calls the listener with entries that Redis has lost in a failover or restart, without what was changed together
   * with them. The other listeners were told them before Redis went away, no longer ago than a token lives. After a
   * long outage, names entries that Redis dropped by age as well. Returns the unsubscribe function.
   */
  onLost(listener: (revocations: readonly Revocation[]) => void): () => void;
  /**
   * Reads the next entries after a position, at most 500, and none after `head` at the time of the call. A page whose
   * `upTo` is that head is the last one. Returns undefined when the log cannot continue from the position: it is of
   * another epoch, was trimmed away, or is ahead of the head. 'oldest' starts at the oldest retained entry.
   *
   * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer. 'oldest' also rejects while
   * the log is not following, because an incomplete snapshot must not pass for a complete one.
   */
  read(after: Position | 'oldest'): Promise<RevocationBatch | undefined>;
  /**
   * Appends one entry. If the reply is lost, the entry may be there twice, which does no harm. For sessions and persons
   * use the session store: its scripts change the session and append the entry in one step.
   *
   * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer. Also rejects when the entry
   * was appended but Redis may just have lost its data or be a different Redis: then call it again.
   */
  publish(revocation: PublishableRevocation): Promise<void>;
  /** Whether the listeners have every entry in Redis, as of less than two seconds ago; false while Redis is away. */
  readonly isFollowing: boolean;
  /**
   * No token may be issued with an `iat` before this, in seconds since 1970, because an entry of kind `all` revokes
   * those. 0 when there is no such entry.
   */
  readonly issuedFrom: number;
};

export type RevocationLogOptions = {
  /** For single commands. To follow, the log makes its own connections, one for each shard. */
  readonly redis: RedisClient;
  readonly redisUrl: ConnectionOptions['url'];
  readonly shards: number;
  /** See retentionSeconds. */
  readonly revocationSeconds: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** `note` is called with a shard's data set on each connect, and `requireKnown` after each publication. */
  readonly dataSets?: Pick<DataSets, 'note' | 'requireKnown'>;
  /** Called when Redis goes away or a listener throws. */
  readonly onError: (error: Error) => void;
};

/**
 * The log of revocations that may still matter, shared by all replicas: one stream in Redis for each shard. The scripts
 * that end sessions append to it. Each replica reads it once and passes the entries to its listeners.
 *
 * Does not consider the age of tokens: an entry may concern tokens that have already expired.
 *
 * @example
 * const log = createRevocationLog({ redis, redisUrl, shards: 1, revocationSeconds: 330, clock: Date.now, onError });
 * log.onBatch(({ revocations }) => list.apply(revocations));
 * await log.start();
 */
export function createRevocationLog(options: RevocationLogOptions): RevocationLog {
  const { redis, shards, clock } = options;
  const retentionMs = options.revocationSeconds * 1000;
  const batchListeners = new Set<(batch: RevocationBatch) => void>();
  const epochListeners = new Set<() => void>();
  const lostListeners = new Set<(revocations: readonly Revocation[]) => void>();
  let head: Position = Array.from({ length: shards }, () => unknownPosition);
  let issuedFrom = 0;

  const readers = Array.from({ length: shards }, (_, shard) =>
    createShardReader({
      shard,
      createConnection: () =>
        createReaderConnection({ redis, url: options.redisUrl, key: revocationsKey(shard) }),
      answerTimeoutMs: readerTimeoutOf(redis),
      retentionMs,
      clock,
      onDataSet: (id) => options.dataSets?.note(shard, id),
      onReset(position) {
        head = head.with(shard, writeShardPosition(position));
        for (const listener of epochListeners) tell(listener);
      },
      onEntries(position, revocations) {
        const after = head;
        head = head.with(shard, writeShardPosition(position));
        issuedFrom = revocations.reduce(
          (latest, entry) => (entry.kind === 'all' ? Math.max(latest, entry.before) : latest),
          issuedFrom,
        );
        for (const listener of batchListeners) tell(() => listener({ after, upTo: head, revocations }));
      },
      onLost(revocations) {
        for (const listener of lostListeners) tell(() => listener(revocations));
      },
      onError: options.onError,
    }),
  );
  const readPage = createPageReader({ redis, retentionMs, clock });

  return {
    async start() {
      await Promise.all(readers.map((reader) => reader.start()));
    },
    async stop() {
      await Promise.all(readers.map((reader) => reader.stop()));
    },
    get head() {
      return head;
    },
    get isFollowing() {
      return isFollowing();
    },
    get issuedFrom() {
      return issuedFrom;
    },
    onBatch: (listener) => subscribe(batchListeners, listener),
    onNewEpoch: (listener) => subscribe(epochListeners, listener),
    onLost: (listener) => subscribe(lostListeners, listener),

    async read(after) {
      // A part of the retained entries must not pass for all of them.
      const isKnown = after === 'oldest' ? isFollowing() : !head.includes(unknownPosition);
      if (!isKnown) return orUnavailable(Promise.reject(new Error('The log is not up to date.')));
      return readPage(after, head);
    },

    async publish(revocation) {
      const shard = shardFor(revocation);
      const keys = [revocationsKey(shard), revocationHeadKey(shard)];
      const args = [clock(), retentionMs, ...fieldsOf(revocation)];
      const dataSet = await orUnavailable(publishEntry(redis, keys, args));
      // Followers of this data set have the entry. If it is not the known one, the caller must publish again later.
      options.dataSets?.requireKnown(shard, dataSet);
    },
  };

  function isFollowing(): boolean {
    return readers.every((reader) => reader.isFollowing);
  }

  function tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      // The error of one listener must not affect the others or the reader.
      options.onError(error as Error);
    }
  }

  function shardFor(revocation: PublishableRevocation): number {
    if (revocation.kind === 'subject') return shardOf(revocation.id, shards);
    const shard = revocation.kind === 'session' ? shardOfSession(revocation.id) : undefined;
    return shard !== undefined && shard < shards ? shard : 0;
  }
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
