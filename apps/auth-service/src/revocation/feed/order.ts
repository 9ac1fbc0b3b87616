import { type Position, readShardPosition } from '@latchkey/auth-client/feed';

/** Whether `position` has the same epochs as `head`, and is ahead of it in some shard. */
export function isAhead(position: Position, head: Position): boolean {
  const pairs = position.map((part, shard) => [
    readShardPosition(part),
    readShardPosition(head[shard] ?? ''),
  ]);
  return (
    pairs.every(([one, other]) => one !== undefined && one.epoch === other?.epoch) &&
    pairs.some(([one, other]) => one !== undefined && other !== undefined && one.sequence > other.sequence)
  );
}
