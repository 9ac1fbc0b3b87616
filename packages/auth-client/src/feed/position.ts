/**
 * A position in the feed: `<epoch>-<sequence>` for each of the issuer's shards, in their order. It is the position after
 * the entry with that number; 0 is before the first entry. The epoch changes when the issuer starts with new data.
 * Numbers of different epochs cannot be compared; within one they have no gaps.
 */
export type Position = readonly string[];

/** A position in one shard. */
export type ShardPosition = {
  readonly epoch: string;
  readonly sequence: number;
};

const maxShards = 256;
// As many digits as a number holds exactly.
const shape = /^([0-9a-f]{1,16})-(0|[1-9]\d{0,14})$/;

/** @example writeShardPosition({ epoch: '5f3a', sequence: 7 }); // '5f3a-7' */
export function writeShardPosition({ epoch, sequence }: ShardPosition): string {
  return `${epoch}-${sequence}`;
}

/** Returns undefined for text that writeShardPosition cannot have written, because a position may come from outside. */
export function readShardPosition(text: string): ShardPosition | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  return { epoch: match[1] as string, sequence: Number(match[2]) };
}

/** The id of an event in the stream (`id:`, Last-Event-ID): the position after it. */
export function eventIdOf(position: Position): string {
  return position.join(',');
}

/** Reads a Last-Event-ID; undefined when it is not a position in a feed with this number of shards. */
export function positionFromEventId(id: string, shards: number): Position | undefined {
  const position = id.split(',', shards + 1);
  return position.length === shards && isPosition(position) ? position : undefined;
}

/** Whether a value from outside is a position. */
export function isPosition(value: unknown): value is Position {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= maxShards &&
    value.every((shard) => typeof shard === 'string' && shape.test(shard))
  );
}

/** Whether both are the same position. */
export function isSamePosition(one: Position, other: Position): boolean {
  return one.length === other.length && one.every((shard, index) => shard === other[index]);
}

/** How many entries lie between two positions; undefined if the second does not follow from the first. */
export function entriesBetween(after: Position, upTo: Position): number | undefined {
  if (after.length !== upTo.length) return undefined;
  let entries = 0;
  for (const [index, shard] of after.entries()) {
    const from = readShardPosition(shard);
    const to = readShardPosition(upTo[index] ?? '');
    if (from === undefined || from.epoch !== to?.epoch || to.sequence < from.sequence) return undefined;
    entries += to.sequence - from.sequence;
  }
  return entries;
}
