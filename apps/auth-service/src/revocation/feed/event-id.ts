import { type Position, readShardPosition } from '../log/position.ts';

/** The id of an event in the stream (`id:`): the position after it. */
export function eventIdOf(position: Position): string {
  return position.join(',');
}

/** Reads a Last-Event-ID; undefined when it is not a position in a log with this number of shards. */
export function positionFromEventId(id: string, shards: number): Position | undefined {
  const position = id.split(',', shards + 1);
  const isPosition =
    position.length === shards && position.every((part) => readShardPosition(part) !== undefined);
  return isPosition ? position : undefined;
}

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
