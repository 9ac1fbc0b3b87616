import type { Revocation } from '@latchkey/auth-client';
import type { Redis } from 'ioredis';
import { type ConnectionOptions, createReaderConnection } from '../../redis/connection.ts';
import { revocationHeadKey, revocationsKey, shardOf, shardOfSession } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { loadScript } from '../../redis/script.ts';
import type { DataSets } from './data-sets.ts';
import { createPageReader } from './page-reader.ts';
import { type Position, writeShardPosition } from './position.ts';
import { fieldsOf, type PublishableRevocation } from './revocation.ts';
import { createShardReader } from './shard-reader.ts';

/** No data set has this epoch: it stands for a shard that has not been read yet. */
const UNKNOWN_POSITION = '0-0';

const publishEntry = loadScript<string>('publishRevocation', [
  new URL('./scripts/publish-revocation.lua', import.meta.url),
  new URL('./scripts/publish.lua', import.meta.url),
]);

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
   * The data set or the Redis server is another one, or seen for the first time, or entries went before we read them:
   * every subscriber needs a snapshot. `head` is of the new epoch already, before its oldest entry, and what is retained
   * is told (once more). Called for each shard.
   */
  onNewEpoch(listener: () => void): () => void;
  /**
   * The next entries after a position, at most 500, and none that is not within `head` at the time of the call: a page
   * whose `upTo` is that head is the last. Undefined when the log cannot go on from there: another epoch, trimmed away,
   * or ahead of the head. 'oldest' starts at what is retained.
   *
   * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer, and 'oldest' also while the log
   * is not following: a part must not pass for the whole.
   */
  read(after: Position | 'oldest'): Promise<RevocationBatch | undefined>;
  /**
   * Appends one entry. When the reply is lost it may be there twice, which does no harm. Of a session or a person, the
   * session store's own scripts are the way: they keep what must hold together.
   *
   * Rejects with ProblemError 503 `session_store_unavailable` when Redis does not answer; and when it is appended, but
   * Redis may have lost its data a moment ago, or be another one: to be repeated.
   */
  publish(revocation: PublishableRevocation): Promise<void>;
  /** Whether everything is told that is in Redis, as of less than two seconds ago; false while Redis is away. */
  readonly isFollowing: boolean;
  /**
   * No token may be issued with an `iat` before this, in seconds since 1970: the data set says that all of those are
   * revoked. 0 when it says nothing.
   */
  readonly issuedFrom: number;
};

export type RevocationLogOptions = {
  /** For what is asked now and then. To follow, the log makes connections of its own, one for each shard. */
  readonly redis: Redis;
  readonly redisUrl: ConnectionOptions['url'];
  readonly shards: number;
  /** See retentionSeconds. */
  readonly revocationSeconds: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Are told which data set a shard has, whenever the log connects to it; and asked, when something is published there. */
  readonly dataSets?: Pick<DataSets, 'note' | 'believe'>;
  /** Redis went away, or a listener threw. */
  readonly onError: (error: Error) => void;
};

/**
 * What was revoked and may still matter, as all replicas know it: streams in Redis, one for each shard, that the scripts
 * append to which end sessions. It is read once by each replica, and told to its listeners.
 *
 * Says nothing about how old a token is: an entry concerns tokens that may have expired by themselves.
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
  let head: Position = Array.from({ length: shards }, () => UNKNOWN_POSITION);
  let issuedFrom = 0;

  const readers = Array.from({ length: shards }, (_, shard) =>
    createShardReader({
      shard,
      createConnection: () => createReaderConnection(options.redisUrl),
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

    async read(after) {
      // A part of what is retained must not pass for all of it.
      const isKnown = after === 'oldest' ? isFollowing() : !head.includes(UNKNOWN_POSITION);
      if (!isKnown) return orUnavailable(Promise.reject(new Error('The log is not up to date.')));
      return readPage(after, head);
    },

    async publish(revocation) {
      const shard = shardFor(revocation);
      const keys = [revocationsKey(shard), revocationHeadKey(shard)];
      const args = [clock(), retentionMs, ...fieldsOf(revocation)];
      const dataSet = await orUnavailable(publishEntry(redis, keys, args));
      // Whoever follows has heard of it. When the known one comes back, it must be there as well.
      options.dataSets?.believe(shard, dataSet);
    },
  };

  function isFollowing(): boolean {
    return readers.every((reader) => reader.isFollowing);
  }

  function tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      // What one listener makes of it is nothing to the others, nor to the reader.
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
