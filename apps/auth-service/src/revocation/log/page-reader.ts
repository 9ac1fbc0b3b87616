import type { Revocation } from '@latchkey/auth-client';
import type { Redis } from 'ioredis';
import { revocationHeadKey, revocationsKey } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { type Position, readShardPosition, type ShardPosition, writeShardPosition } from './position.ts';
import { revocationsAfter, type StreamEntry } from './revocation.ts';
import type { RevocationBatch } from './revocation-log.ts';

const MOST_ENTRIES = 500;

/** The next entries of one shard, and where they stand. */
type Part = {
  readonly after: ShardPosition;
  readonly upTo: ShardPosition;
  readonly revocations: readonly Revocation[];
};

export type PageReader = (after: Position | 'oldest', head: Position) => Promise<RevocationBatch | undefined>;

/**
 * Reads what lies between a position and the head, page by page; see RevocationLog.read. The shards are taken in their
 * order.
 */
export function createPageReader({ redis, clock }: { redis: Redis; clock: () => number }): PageReader {
  return async (after, head) => {
    if (after !== 'oldest' && after.length !== head.length) return undefined;
    const parts: Part[] = [];
    let room = MOST_ENTRIES;
    for (const [shard, text] of head.entries()) {
      const last = readShardPosition(text);
      if (last === undefined) throw new TypeError('A head has positions that we wrote.');
      const part =
        after === 'oldest'
          ? await oldestOf(shard, last, room)
          : await nextOf(shard, { after: readShardPosition(after[shard] ?? ''), last }, room);
      if (part === undefined) return undefined;
      parts.push(part);
      room -= part.revocations.length;
    }
    return {
      after: parts.map((part) => writeShardPosition(part.after)),
      upTo: parts.map((part) => writeShardPosition(part.upTo)),
      revocations: parts.flatMap((part) => part.revocations),
    };
  };

  async function nextOf(
    shard: number,
    { after, last }: { after: ShardPosition | undefined; last: ShardPosition },
    room: number,
  ): Promise<Part | undefined> {
    if (after === undefined || after.epoch !== last.epoch || after.sequence > last.sequence) return undefined;
    const count = Math.min(room, last.sequence - after.sequence);
    if (count === 0) return { after, upTo: after, revocations: [] };
    const { epoch, entries } = await ask(shard, { from: `${after.sequence + 1}-0`, last, count });
    if (epoch !== last.epoch || entries.length !== count) return undefined;
    return partOf(after, entries);
  }

  async function oldestOf(shard: number, last: ShardPosition, room: number): Promise<Part | undefined> {
    // One at least, to see where the oldest is.
    const { epoch, entries } = await ask(shard, { from: '-', last, count: Math.max(room, 1) });
    if (epoch !== last.epoch) return undefined;
    const [oldest] = entries;
    const sequence = oldest === undefined ? last.sequence : Number.parseInt(oldest[0], 10) - 1;
    return partOf({ epoch, sequence }, entries.slice(0, room));
  }

  function partOf(after: ShardPosition, entries: readonly StreamEntry[]): Part | undefined {
    const revocations = revocationsAfter(after.sequence, entries, clock());
    if (revocations === undefined) return undefined;
    return { after, upTo: { ...after, sequence: after.sequence + entries.length }, revocations };
  }

  async function ask(
    shard: number,
    range: { from: string; last: ShardPosition; count: number },
  ): Promise<{ epoch: string | null; entries: StreamEntry[] }> {
    const pipeline = redis.pipeline();
    pipeline.xrange(revocationsKey(shard), range.from, `${range.last.sequence}-0`, 'COUNT', range.count);
    pipeline.hget(revocationHeadKey(shard), 'epoch');
    const replies = (await orUnavailable(pipeline.exec())) ?? [];
    for (const [error] of replies) if (error) await orUnavailable(Promise.reject(error));
    const [[, entries], [, epoch]] = replies as [[null, StreamEntry[]], [null, string | null]];
    return { epoch, entries };
  }
}
