/**
 * A place in the log of revocations: `<epoch>-<sequence>` for each shard, in their order. It stands behind the entry
 * with that number; 0 is before the first. The epoch names a data set: numbers of another one mean nothing.
 */
export type Position = readonly string[];

/** A place in the stream of one shard. */
export type ShardPosition = { readonly epoch: string; readonly sequence: number };

const SHAPE = /^([0-9a-f]{1,16})-(0|[1-9]\d{0,14})$/;

export function writeShardPosition({ epoch, sequence }: ShardPosition): string {
  return `${epoch}-${sequence}`;
}

/** Undefined for what writeShardPosition cannot have written: a position may come from outside. */
export function readShardPosition(text: string): ShardPosition | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  return { epoch: match[1] as string, sequence: Number(match[2]) };
}
