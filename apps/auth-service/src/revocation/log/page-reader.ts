import type { Revocation } from '@latchkey/auth-client';
import {
  type Position,
  readShardPosition,
  type ShardPosition,
  writeShardPosition,
} from '@latchkey/auth-client/feed';
import type { RedisClient } from '../../redis/client.ts';
import { revocationHeadKey, revocationsKey } from '../../redis/key-names.ts';
import { orUnavailable } from '../../redis/or-unavailable.ts';
import { loadScript } from '../../redis/script.ts';
import { revocationsAfter, type StreamEntry } from './revocation.ts';
import type { RevocationBatch } from './revocation-log.ts';

const maxEntries = 500;

const readRevocations = loadScript<[epoch: string, entries: StreamEntry[]]>('readRevocations', [
  new URL('./scripts/publish-revocation.lua', import.meta.url),
  new URL('./scripts/read-revocations.lua', import.meta.url),
]);

/** The next entries of one shard, and their positions. */
type Part = {
  readonly after: ShardPosition;
  readonly upTo: ShardPosition;
  readonly revocations: readonly Revocation[];
};

export type PageReaderOptions = {
  readonly redis: RedisClient;
  readonly retentionMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type PageReader = (after: Position | 'oldest', head: Position) => Promise<RevocationBatch | undefined>;

/**
 * Reads the entries between a position and the head, page by page; see RevocationLog.read. Each page takes entries from
 * every shard, so that all shards reach the head together. Otherwise entries of a shard that is read last could be
 * trimmed during a long snapshot.
 */
export function createPageReader({ redis, retentionMs, clock }: PageReaderOptions): PageReader {
  return async (after, head) => {
    const last = head.map(placeOf);
    const parts = await (after === 'oldest' ? oldestParts(last) : nextParts(after, last));
    if (parts === undefined || !parts.every((part) => part !== undefined)) return undefined;
    return {
      after: parts.map((part) => writeShardPosition(part.after)),
      upTo: parts.map((part) => writeShardPosition(part.upTo)),
      revocations: parts.flatMap((part) => part.revocations),
    };
  };

  function oldestParts(last: readonly ShardPosition[]): Promise<(Part | undefined)[]> {
    const count = Math.floor(maxEntries / last.length);
    return Promise.all(last.map((place, shard) => oldestOf(shard, place, count)));
  }

  async function nextParts(
    position: Position,
    last: readonly ShardPosition[],
  ): Promise<(Part | undefined)[] | undefined> {
    const after = position.map(readShardPosition);
    const left = last.map((place, shard) => entriesTo(place, after[shard]));
    if (after.length !== last.length || !left.every((count) => count !== undefined)) return undefined;
    const shares = sharesOf(left);
    return Promise.all(
      last.map((place, shard) =>
        nextOf(shard, { after: after[shard] as ShardPosition, last: place }, shares[shard] as number),
      ),
    );
  }

  async function nextOf(
    shard: number,
    { after, last }: { after: ShardPosition; last: ShardPosition },
    count: number,
  ): Promise<Part | undefined> {
    if (count === 0) return { after, upTo: after, revocations: [] };
    const { epoch, entries } = await ask(shard, { from: `${after.sequence + 1}-0`, last, count });
    if (epoch !== last.epoch || entries.length !== count) return undefined;
    return partOf(after, entries);
  }

  async function oldestOf(shard: number, last: ShardPosition, count: number): Promise<Part | undefined> {
    const { epoch, entries } = await ask(shard, { from: '-', last, count });
    if (epoch !== last.epoch) return undefined;
    const [oldest] = entries;
    const sequence = oldest === undefined ? last.sequence : Number.parseInt(oldest[0], 10) - 1;
    return partOf({ epoch, sequence }, entries);
  }

  function partOf(after: ShardPosition, entries: readonly StreamEntry[]): Part | undefined {
    const revocations = revocationsAfter(after.sequence, entries, clock());
    if (revocations === undefined) return undefined;
    return { after, upTo: { ...after, sequence: after.sequence + entries.length }, revocations };
  }

  async function ask(
    shard: number,
    range: { from: string; last: ShardPosition; count: number },
  ): Promise<{ epoch: string; entries: StreamEntry[] }> {
    const keys = [revocationsKey(shard), revocationHeadKey(shard)];
    const args = [clock(), retentionMs, range.from, `${range.last.sequence}-0`, range.count];
    const [epoch, entries] = await orUnavailable(readRevocations(redis, keys, args));
    return { epoch, entries };
  }
}

function placeOf(text: string): ShardPosition {
  const place = readShardPosition(text);
  if (place === undefined) throw new TypeError('The head is not a valid position.');
  return place;
}

/** The number of entries between the two positions; undefined when the log cannot continue from `after`. */
function entriesTo(last: ShardPosition, after: ShardPosition | undefined): number | undefined {
  if (after === undefined || after.epoch !== last.epoch || after.sequence > last.sequence) return undefined;
  return last.sequence - after.sequence;
}

/** Divides a page among the shards, in proportion to how many entries each has left. */
function sharesOf(left: readonly number[]): number[] {
  const all = left.reduce((sum, count) => sum + count, 0);
  let room = maxEntries;
  return left.map((count) => {
    const share = all <= maxEntries ? count : Math.max(1, Math.floor((count * maxEntries) / all));
    const taken = Math.min(count, share, room);
    room -= taken;
    return taken;
  });
}
