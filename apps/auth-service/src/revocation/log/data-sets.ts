import { ProblemError } from '@latchkey/service-kit';
import type { FastifyBaseLogger } from 'fastify';
import type { Redis } from 'ioredis';
import { revocationHeadKey, revocationsKey } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { loadScript } from '../../redis/script.ts';

const LONGEST_RETRY_SECONDS = 5;

const lookAtDataSet = loadScript<[id: string, movedAt: number, isThere: 0 | 1]>('lookAtDataSet', [
  new URL('./scripts/publish-revocation.lua', import.meta.url),
  new URL('./scripts/look-at-data-set.lua', import.meta.url),
]);

/** The data set that a shard is known to have. */
export type KnownDataSet = {
  readonly id: string;
  /** No other one was known before it, so nothing can have been lost. */
  readonly isFirst: boolean;
};

/** Remembers which data sets are known, beyond the life of Redis and of this process. */
export type DataSetMemory = {
  /** By shard. */
  readAll(): Promise<ReadonlyMap<number, KnownDataSet>>;
  /** Keeps the first one of a shard. Resolves to the one that is kept, which another replica may have been told. */
  keepFirst(shard: number, id: string): Promise<KnownDataSet>;
  replace(shard: number, id: string): Promise<void>;
};

export type DataSetsOptions = {
  readonly redis: Redis;
  readonly shards: number;
  /** How long a revocation is kept. */
  readonly retentionMs: number;
  /** For how long Redis must have had another data set until the one before is taken for lost. */
  readonly lossSeconds: number;
  readonly memory: DataSetMemory;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

type Shard = {
  known: KnownDataSet | undefined;
  /** What Redis has instead, and since when we see it. */
  other: { readonly id: string; since: number } | undefined;
  /** The one that was seen last, and when it took the place of another; 0 for never. */
  seen: string | undefined;
  changedAt: number;
};

export type DataSets = ReturnType<typeof createDataSets>;

/**
 * Whether what is not found in Redis is not there, or Redis is not the one that has it: empty after a restart, a replica
 * of another server, a foreign one at the same address. The scripts name the data set that they looked in; see
 * publish-revocation.lua. What the known one does not have is not there. Of another one that is believed only once it
 * has been there for `lossSeconds` without a break: then the known one is lost, and the other one is known. The known one
 * on another server may be an older copy of it: for `lossSeconds`, a session that is missing may be newer than that.
 *
 * Of a server that cannot be written to (a replica), nothing is ever believed: the script fails there.
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
    /** Learns what was known before. @throws when the memory cannot be read */
    async start(): Promise<void> {
      for (const [shard, known] of await memory.readAll()) {
        const state = shards[shard];
        if (state !== undefined) Object.assign(state, { known, seen: known.id });
      }
    },

    note,

    believe,

    /**
     * Asks which data set the shard has, and rejects as believe throws, or when Redis does not answer. Then a session that
     * was not found is not there. With `key`, the one of a session that may just have ended: one that is there is believed.
     */
    async confirm(shard: number, key?: string): Promise<void> {
      const [id, movedAt, isThere] = await look(shard, key);
      if (isThere === 0) believe(shard, id, movedAt);
    },

    /** The same, but for what was written last: then the sessions that were found are, but for that, all there are. */
    async confirmMost(shard: number): Promise<void> {
      const [id] = await look(shard);
      believe(shard, id);
    },

    /** The id of the shard's data set, if there was none before it: it knows everything from the beginning on. */
    firstOf(shard: number): string {
      const known = shards[shard]?.known;
      return known?.isFirst ? known.id : '';
    },

    /** When the shard was last seen to have another data set than before, ms since the epoch; 0 for never. */
    changedAt: (shard: number): number => shards[shard]?.changedAt ?? 0,

    /** False while a shard has another data set than the known one. */
    get areKnown(): boolean {
      return shards.every(({ other }) => other === undefined || clock() - other.since >= lossMs);
    },
  };

  /** Takes note of the data set that a shard has now. Returns whether it is the known one. */
  function note(shard: number, id: string): boolean {
    const state = shards[shard];
    if (state === undefined) return false;
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
      log.error({ shard, known, found: id }, 'Redis has lost its data, or is another Redis');
    }
    // A clock that was set back must not make it longer than it is.
    state.other.since = Math.min(state.other.since, now);
    if (now - state.other.since < lossMs) return false;
    log.error({ shard, dataSet: id }, 'the data of Redis is taken for lost: its sessions have ended');
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
   * Throws ProblemError 503 `session_store_unavailable` when what this data set lacks may yet be elsewhere: it is not the
   * known one, or came to another server (`movedAt`, ms since the epoch), perhaps without what was written last, less
   * than `lossSeconds` ago.
   */
  function believe(shard: number, id: string, movedAt = 0): void {
    const now = clock();
    const isKnown = note(shard, id);
    if (isKnown && Math.abs(now - movedAt) >= lossMs) return;
    const since = isKnown ? movedAt : (shards[shard]?.other?.since ?? now);
    const leftSeconds = Math.ceil((since + lossMs - now) / 1000);
    throw new ProblemError({
      status: 503,
      code: 'session_store_unavailable',
      detail: 'Sessions are not where they were. They may come back; try again.',
      headers: { 'retry-after': String(Math.max(1, Math.min(leftSeconds, LONGEST_RETRY_SECONDS))) },
    });
  }

  function keepFirst(shard: number, id: string): void {
    memory.keepFirst(shard, id).then((kept) => {
      const state = shards[shard] as Shard;
      if (state.known?.id === id) state.known = kept;
    }, notKept);
  }

  function notKept(error: unknown): void {
    log.warn({ err: error }, 'which data set Redis has could not be kept');
  }
}
