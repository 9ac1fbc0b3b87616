import { type Position, readShardPosition } from '../log/position.ts';

/** The id of an event in the stream (`id:`): the position to which it leads. */
export function eventIdOf(position: Position): string {
  return position.join(',');
}

/** Reads a Last-Event-ID; undefined when it is not a position in a log of so many shards. */
export function positionFromEventId(id: string, shards: number): Position | undefined {
  const position = id.split(',', shards + 1);
  const isPosition =
    position.length === shards && position.every((part) => readShardPosition(part) !== undefined);
  return isPosition ? position : undefined;
}

/** Whether `position` is of the same data set as `head`, and in some shard ahead of it. */
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
