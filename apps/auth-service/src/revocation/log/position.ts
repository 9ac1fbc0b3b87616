/**
 * A position in the revocation log: `<epoch>-<sequence>` for each shard, in the order of the shards. It is the position
 * after the entry with that number; 0 is before the first entry. Numbers of different epochs cannot be compared.
 */
export type Position = readonly string[];

/** A position in the stream of one shard. */
export type ShardPosition = { readonly epoch: string; readonly sequence: number };

const SHAPE = /^([0-9a-f]{1,16})-(0|[1-9]\d{0,14})$/;

export function writeShardPosition({ epoch, sequence }: ShardPosition): string {
  return `${epoch}-${sequence}`;
}

/** Returns undefined for text that writeShardPosition cannot have written, because a position may come from outside. */
export function readShardPosition(text: string): ShardPosition | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  return { epoch: match[1] as string, sequence: Number(match[2]) };
}
