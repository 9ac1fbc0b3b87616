import { ProblemError } from '@latchkey/service-kit';
import type { FastifyBaseLogger } from 'fastify';
import type { RedisClient } from '../../redis/client.ts';
import { revocationHeadKey, revocationsKey } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { loadScript } from '../../redis/script.ts';

const maxRetrySeconds = 5;

const lookAtDataSet = loadScript<[id: string, movedAt: number, isThere: 0 | 1]>('lookAtDataSet', [
  new URL('./scripts/publish-revocation.lua', import.meta.url),
  new URL('./scripts/look-at-data-set.lua', import.meta.url),
]);

/** The data set that a shard is known to have: the one with its sessions. */
export type KnownDataSet = {
  readonly id: string;
  /** No other data set was known before it, so nothing can have been lost. */
  readonly isFirst: boolean;
};

/** Stores which data sets are known, so that this survives Redis and this process. */
export type DataSetMemory = {
  /** By shard. */
  readAll(): Promise<ReadonlyMap<number, KnownDataSet>>;
  /** Stores the first data set of a shard. Resolves to the stored one, which may come from another replica. */
  keepFirst(shard: number, id: string): Promise<KnownDataSet>;
  replace(shard: number, id: string): Promise<void>;
};

export type DataSetsOptions = {
  readonly redis: RedisClient;
  readonly shards: number;
  /** How long a revocation is kept. */
  readonly retentionMs: number;
  /** For how long Redis must have had another data set before the known one counts as lost. */
  readonly lossSeconds: number;
  readonly memory: DataSetMemory;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

type Shard = {
  known: KnownDataSet | undefined;
  /** The data set that Redis has instead, and since when we have seen it. */
  other: { readonly id: string; since: number } | undefined;
  /** The data set that was seen last, and when it replaced another; 0 for never. */
  seen: string | undefined;
  changedAt: number;
};

export type DataSets = ReturnType<typeof createDataSets>;

/**
 * Decides whether a session that Redis does not have does not exist, or whether this is the wrong Redis: one that is
 * empty after a restart, a replica of another server, or a foreign one at the same address. The scripts return the id
 * of the data set that they looked in; see publish-revocation.lua.
 *
 * - A session that is missing from the known data set does not exist.
 * - Another data set is not trusted until it has been there for `lossSeconds` without a break. Then the known one
 *   counts as lost, and the other one becomes the known one.
 * - The known data set on a different server may be an older copy. For `lossSeconds`, a missing session may be newer.
 *
 * A replica that cannot be written to is never trusted, because the script fails there.
 *
 * @example
 * const dataSets = createDataSets({ redis, shards: 1, retentionMs, lossSeconds: 60, memory, log, clock: Date.now });
 * await dataSets.start();
 * if (sessions.length === 0) await dataSets.confirm(shard);
 */
export function createDataSets(options: DataSetsOptions) {
  const { redis, memory, log, clock } = options;
  const lossMs = options.lossSeconds * 1000;
  const shards: Shard[] = Array.from({ length: options.shards }, () => ({
    known: undefined,
    other: undefined,
    seen: undefined,
    changedAt: 0,
  }));

  return {
    /** Loads the known data sets. @throws when the memory cannot be read */
    async start(): Promise<void> {
      for (const [shard, known] of await memory.readAll()) {
        const state = shards[shard];
        if (state !== undefined) Object.assign(state, { known, seen: known.id });
      }
    },

    note,

    requireKnown,

    /**
     * Resolves if a session that was not found does not exist. Asks Redis which data set the shard has, and rejects as
     * requireKnown throws, or when Redis does not answer. `key` names a session that may just have ended: if its record
     * is there, nothing needs to be confirmed.
     */
    async confirm(shard: number, key?: string): Promise<void> {
      const [id, movedAt, isThere] = await look(shard, key);
      if (isThere === 0) requireKnown(shard, id, movedAt);
    },

    /** As confirm, but accepts an older copy: the sessions that were found are all, except for the latest writes. */
    async confirmMost(shard: number): Promise<void> {
      const [id] = await look(shard);
      requireKnown(shard, id);
    },

    /** The id of the shard's data set if it is the first one ever, and so lacks nothing; otherwise ''. */
    firstOf(shard: number): string {
      const known = shards[shard]?.known;
      return known?.isFirst ? known.id : '';
    },

    /** When the shard's data set was last seen to change, in ms since the epoch; 0 for never. */
    changedAt: (shard: number): number => shards[shard]?.changedAt ?? 0,

    /** False while a shard has another data set than the known one. */
    get areKnown(): boolean {
      return shards.every(({ other }) => other === undefined || clock() - other.since >= lossMs);
    },
  };

  /** Records the data set that a shard has now. Returns whether it is the known one. */
  function note(shard: number, id: string): boolean {
    const state = shards[shard];
    if (state === undefined) return false;
    // If the clock was set back, it is unknown when that was: not later than now.
    state.changedAt = Math.min(state.changedAt, clock());
    if (state.seen !== undefined && state.seen !== id) state.changedAt = clock();
    state.seen = id;
    if (state.known === undefined) {
      state.known = { id, isFirst: true };
      keepFirst(shard, id);
    }
    if (state.known.id === id) {
      if (state.other) log.warn({ shard }, 'Redis has its data again');
      state.other = undefined;
      return true;
    }
    const now = clock();
    if (state.other?.id !== id) {
      state.other = { id, since: now };
      const known = state.known.id;
      log.error({ shard, known, found: id }, 'Redis has lost its data, or is a different Redis');
    }
    // If the clock was set back, the remaining time must not grow.
    state.other.since = Math.min(state.other.since, now);
    if (now - state.other.since < lossMs) return false;
    log.error({ shard, dataSet: id }, 'the data of Redis counts as lost: its sessions have ended');
    state.known = { id, isFirst: false };
    state.other = undefined;
    memory.replace(shard, id).catch(notKept);
    return true;
  }

  function look(shard: number, key?: string): Promise<[id: string, movedAt: number, isThere: 0 | 1]> {
    const keys = [revocationsKey(shard), revocationHeadKey(shard), ...(key === undefined ? [] : [key])];
    return orUnavailable(lookAtDataSet(redis, keys, [clock(), options.retentionMs]));
  }

  /**
   * Throws ProblemError 503 `session_store_unavailable` when a session that this data set lacks may exist elsewhere.
   * That is so when the data set is not the known one, or moved to another server (`movedAt`, ms since the epoch) less
   * than `lossSeconds` ago, perhaps without the latest writes.
   */
  function requireKnown(shard: number, id: string, movedAt = 0): void {
    const now = clock();
    const isKnown = note(shard, id);
    if (isKnown && now - movedAt >= lossMs) return;
    const since = isKnown ? movedAt : (shards[shard]?.other?.since ?? now);
    const leftSeconds = Math.ceil((since + lossMs - now) / 1000);
    throw new ProblemError({
      status: 503,
      code: 'session_store_unavailable',
      detail: 'The session data is missing at the moment, and may come back. Try again.',
      headers: { 'retry-after': String(Math.max(1, Math.min(leftSeconds, maxRetrySeconds))) },
    });
  }

  function keepFirst(shard: number, id: string): void {
    memory.keepFirst(shard, id).then((kept) => {
      const state = shards[shard] as Shard;
      if (state.known?.id === id) state.known = kept;
    }, notKept);
  }

  function notKept(error: unknown): void {
    log.warn({ err: error }, 'the known data set of Redis could not be stored');
  }
}
