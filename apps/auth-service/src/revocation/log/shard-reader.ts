import { setTimeout as delay } from 'node:timers/promises';
import type { Revocation } from '@latchkey/auth-client';
import type { Redis } from 'ioredis';
import { revocationHeadKey, revocationsKey } from '../../redis/key-names.ts';
import { loadScript } from '../../redis/script.ts';
import type { ShardPosition } from './position.ts';
import { revocationsAfter, type StreamEntry } from './revocation.ts';

const MOST_ENTRIES = 500;
/** An XREAD that finds nothing waits for this long, and so tells this often that there was nothing. */
const BLOCK_MS = 500;
/** Longer than this, and Redis is taken for frozen. */
const ANSWER_TIMEOUT_MS = 800;
/** Redis has said that we know everything; for how long that is believed. */
const PROOF_LASTS_MS = 1_500;
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

const followRevocations = loadScript<[epoch: string, newest: number, beforeOldest: number, dataSet: string]>(
  'followRevocations',
  [
    new URL('./scripts/publish-revocation.lua', import.meta.url),
    new URL('./scripts/follow-revocations.lua', import.meta.url),
  ],
);

export type ShardReaderOptions = {
  readonly shard: number;
  /** Makes a new connection that is not connected yet; see createReaderConnection. */
  readonly createConnection: () => Redis;
  readonly retentionMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** The data set that is read, by its id; each time that the reader connects. */
  readonly onDataSet: (id: string) => void;
  /** Reading begins, or begins anew, behind this position, which does not follow from the one before. */
  readonly onReset: (position: ShardPosition) => void;
  /** The entries up to this position: the next ones, and all of them. */
  readonly onEntries: (upTo: ShardPosition, revocations: readonly Revocation[]) => void;
  /** Redis went away, or does not come back; once until it answers again. */
  readonly onError: (error: Error) => void;
};

export type ShardReader = {
  /** Resolves when everything retained has been read, or the first attempt to has failed. */
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly isFollowing: boolean;
};

/**
 * Reads the stream of revocations of one shard, on a connection of its own, from the oldest entry that is there, for as
 * long as it is not stopped. When the connection breaks or Redis is frozen it connects anew, and goes on where it was,
 * unless the data set or the server is another one.
 *
 * @example
 * const reader = createShardReader({ shard: 0, createConnection: () => createReaderConnection(url), … });
 * await reader.start();
 */
export function createShardReader(options: ShardReaderOptions): ShardReader {
  const { shard, clock } = options;
  const stream = revocationsKey(shard);
  const head = revocationHeadKey(shard);
  const stopping = new AbortController();
  let position: ShardPosition | undefined;
  let provenAt = Number.NEGATIVE_INFINITY;
  let running = Promise.resolve();

  return {
    start() {
      const { promise, resolve } = Promise.withResolvers<void>();
      running = run(resolve);
      return promise;
    },
    async stop() {
      stopping.abort(new Error('The reader was stopped.'));
      await running;
    },
    get isFollowing() {
      return performance.now() - provenAt < PROOF_LASTS_MS;
    },
  };

  async function run(onAttempted: () => void): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const redis = options.createConnection();
      try {
        position = await placeToReadFrom(redis);
        for (;;) {
          position = await readOn(redis, position);
          failures = 0;
          if (provenAt > 0) onAttempted();
        }
      } catch (error) {
        if (failures === 0 && !stopping.signal.aborted) options.onError(error as Error);
        failures += 1;
      }
      provenAt = Number.NEGATIVE_INFINITY;
      redis.disconnect();
      onAttempted();
      const pauseMs = Math.min(SHORTEST_PAUSE_MS * failures, LONGEST_PAUSE_MS);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  /** Where we were, if that is still a place in this data set; else before the oldest entry. */
  async function placeToReadFrom(redis: Redis): Promise<ShardPosition> {
    const asked = redis
      .connect()
      .then(() => followRevocations(redis, [stream, head], [clock(), options.retentionMs]));
    const [epoch, newest, beforeOldest, dataSet] = await answerOf(asked, ANSWER_TIMEOUT_MS);
    options.onDataSet(dataSet);
    if (
      position !== undefined &&
      position.epoch === epoch &&
      position.sequence >= beforeOldest &&
      position.sequence <= newest
    ) {
      return position;
    }
    const oldest = { epoch, sequence: beforeOldest };
    options.onReset(oldest);
    return oldest;
  }

  /** Waits for the next entries, if there are none yet, and returns the position behind them. */
  async function readOn(redis: Redis, from: ShardPosition): Promise<ShardPosition> {
    const pipeline = redis.pipeline();
    pipeline.xread('COUNT', MOST_ENTRIES, 'BLOCK', BLOCK_MS, 'STREAMS', stream, `${from.sequence}-0`);
    pipeline.hmget(head, 'epoch', 'sequence');
    // Changes nothing. A master that was replaced, and to which nobody can tell what is revoked, refuses it.
    pipeline.persist(head);
    const replies = (await answerOf(pipeline.exec(), BLOCK_MS + ANSWER_TIMEOUT_MS)) ?? [];
    for (const [error] of replies) if (error) throw error;
    const [[, streams], [, [epoch, newest]]] = replies as [
      [null, [[key: string, entries: StreamEntry[]]] | null],
      [null, [epoch: string | null, newest: string | null]],
    ];

    const entries = streams?.[0][1] ?? [];
    const revocations = revocationsAfter(from.sequence, entries, clock());
    const sequence = from.sequence + entries.length;
    // Asked after the entries: had they been of another data set, its epoch would be here.
    if (epoch !== from.epoch || revocations === undefined || Number(newest) < sequence) {
      throw new Error('The stream of revocations does not go on where it was read.');
    }
    const upTo = { epoch, sequence };
    if (revocations.length > 0) options.onEntries(upTo, revocations);
    if (Number(newest) === sequence) provenAt = performance.now();
    return upTo;
  }

  async function answerOf<T>(asked: Promise<T>, timeoutMs: number): Promise<T> {
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const stop = () => reject(stopping.signal.reason);
    const timer = setTimeout(
      () => reject(new Error(`Redis did not answer within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    stopping.signal.addEventListener('abort', stop);
    try {
      return await Promise.race([asked, givenUp]);
    } finally {
      clearTimeout(timer);
      stopping.signal.removeEventListener('abort', stop);
    }
  }
}
