export {
  type FeedEvent,
  feedAudience,
  feedTokenType,
  maxRevocations,
  readEvent,
  writeEvent,
  writeMessage,
} from './event.ts';
export {
  eventIdOf,
  type Position,
  positionFromEventId,
  readShardPosition,
  type ShardPosition,
  writeShardPosition,
} from './position.ts';
