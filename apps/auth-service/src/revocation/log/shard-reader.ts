import { setTimeout as delay } from 'node:timers/promises';
import type { Revocation } from '@latchkey/auth-client';
import type { ShardPosition } from '@latchkey/auth-client/feed';
import type { Redis } from 'ioredis';
import { revocationHeadKey, revocationsKey } from '../../redis/key-names.ts';
import { loadScript } from '../../redis/script.ts';
import { afterTime } from '../../redis/time-limits.ts';
import { revocationsAfter, type StreamEntry } from './revocation.ts';
import { createToldEntries } from './told-entries.ts';

const maxEntries = 500;
/** How long an XREAD waits for entries, and so how often it confirms that there are none. */
const blockMs = 500;
/** How long the last proof that we have read everything is valid. */
const proofLastsMs = 1_500;
const minPauseMs = 50;
const maxPauseMs = 500;

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
  readonly createConnection: () => Promise<Redis>;
  /** Redis counts as frozen when an answer takes longer, in milliseconds. */
  readonly answerTimeoutMs: number;
  readonly retentionMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Called with the id of the data set on each connect. */
  readonly onDataSet: (id: string) => void;
  /** Called when reading starts or restarts after this position, which does not follow from the previous one. */
  readonly onReset: (position: ShardPosition) => void;
  /** Called with all entries from the previous position up to this one. */
  readonly onEntries: (upTo: ShardPosition, revocations: readonly Revocation[]) => void;
  /** Called with entries that `onEntries` was called with, and that the server lacks which has the data set now. */
  readonly onLost: (revocations: readonly Revocation[]) => void;
  /** Called once when Redis goes away, and not again until it has answered. */
  readonly onError: (error: Error) => void;
};

export type ShardReader = {
  /** Resolves when all retained entries have been read, or the first attempt has failed. */
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly isFollowing: boolean;
};

/**
 * Reads the stream of revocations of one shard on its own connection, from the oldest entry on, until it is stopped.
 * When the connection breaks or Redis is frozen, it reconnects and continues where it was, unless the data set or the
 * server has changed.
 *
 * @example
 * const reader = createShardReader({ shard: 0, createConnection: () => createReaderConnection({ redis, url, key }), … });
 * await reader.start();
 */
export function createShardReader(options: ShardReaderOptions): ShardReader {
  const { shard, clock, answerTimeoutMs } = options;
  const stream = revocationsKey(shard);
  const head = revocationHeadKey(shard);
  const stopping = new AbortController();
  const told = createToldEntries(options.retentionMs);
  let dataSet = '';
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
      return performance.now() - provenAt < proofLastsMs;
    },
  };

  async function run(onAttempted: () => void): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      let redis: Redis | undefined;
      try {
        redis = await answerOf(options.createConnection(), answerTimeoutMs);
        position = await startPosition(redis);
        for (;;) {
          position = await readNext(redis, position);
          failures = 0;
          if (provenAt > 0) onAttempted();
        }
      } catch (error) {
        if (failures === 0 && !stopping.signal.aborted) options.onError(error as Error);
        failures += 1;
      }
      provenAt = Number.NEGATIVE_INFINITY;
      redis?.disconnect();
      onAttempted();
      const pauseMs = Math.min(minPauseMs * failures, maxPauseMs);
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  /** Returns our position if it still exists in this data set, otherwise the position before the oldest entry. */
  async function startPosition(redis: Redis): Promise<ShardPosition> {
    const asked = redis
      .connect()
      .then(() => followRevocations(redis, [stream, head], [clock(), options.retentionMs]));
    const [epoch, newest, beforeOldest, id] = await answerOf(asked, answerTimeoutMs);
    dataSet = id;
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
    told.expect(dataSet, newest);
    options.onReset(oldest);
    return oldest;
  }

  /** Waits for the next entries, and returns the position after them. */
  async function readNext(redis: Redis, from: ShardPosition): Promise<ShardPosition> {
    const pipeline = redis.pipeline();
    pipeline.xread('COUNT', maxEntries, 'BLOCK', blockMs, 'STREAMS', stream, `${from.sequence}-0`);
    pipeline.hmget(head, 'epoch', 'sequence');
    // Changes nothing, but a replaced master, which no longer receives revocations, refuses it.
    pipeline.persist(head);
    const replies = (await answerOf(pipeline.exec(), blockMs + answerTimeoutMs)) ?? [];
    for (const [error] of replies) if (error) throw error;
    const [[, streams], [, [epoch, newest]]] = replies as [
      [null, [[key: string, entries: StreamEntry[]]] | null],
      [null, [epoch: string | null, newest: string | null]],
    ];

    const entries = streams?.[0][1] ?? [];
    const revocations = revocationsAfter(from.sequence, entries, clock());
    const sequence = from.sequence + entries.length;
    // The epoch was read after the entries, so it differs if they belong to another data set.
    if (epoch !== from.epoch || revocations === undefined || Number(newest) < sequence) {
      throw new Error('The stream of revocations does not continue where it was read.');
    }
    const upTo = { epoch, sequence };
    if (revocations.length > 0) options.onEntries(upTo, revocations);
    const lost = told.missing(sequence, revocations);
    told.add(dataSet, revocations);
    if (lost.length > 0) options.onLost(lost);
    if (Number(newest) === sequence) provenAt = performance.now();
    return upTo;
  }

  async function answerOf<T>(asked: Promise<T>, timeoutMs: number): Promise<T> {
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const stop = () => reject(stopping.signal.reason);
    const timer = afterTime(timeoutMs, () =>
      reject(new Error(`Redis did not answer within ${timeoutMs} ms.`)),
    );
    stopping.signal.addEventListener('abort', stop);
    // The signal does not call back if it was aborted before.
    if (stopping.signal.aborted) stop();
    try {
      return await Promise.race([asked, givenUp]);
    } finally {
      clearTimeout(timer);
      stopping.signal.removeEventListener('abort', stop);
    }
  }
}
