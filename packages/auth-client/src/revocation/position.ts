/** A position in the feed: `<epoch>-<sequence>` for each of the issuer's shards. */
export type Position = readonly string[];

const maxShards = 256;
// The epoch changes when the issuer starts with new data. Within an epoch the numbers have no gaps.
const shardPosition = /^([0-9a-f]{1,32})-(0|[1-9]\d{0,15})$/;

/** Whether a value from outside is a position. */
export function isPosition(value: unknown): value is Position {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= maxShards &&
    value.every((shard) => typeof shard === 'string' && shardPosition.test(shard))
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
    const [, epoch, from] = shardPosition.exec(shard) ?? [];
    const [, epochThen, to] = shardPosition.exec(upTo[index] ?? '') ?? [];
    const count = Number(to) - Number(from);
    if (epoch === undefined || epoch !== epochThen || count < 0) return undefined;
    entries += count;
  }
  return entries;
}
