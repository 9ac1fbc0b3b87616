import type { Revocation } from '@latchkey/auth-client';
import { eventIdOf, writeMessage } from '@latchkey/auth-client/feed';
import type { RevocationBatch } from '../log/revocation-log.ts';

export type MessageType = 'revocations' | 'snapshot' | 'heartbeat';

/** One message of the feed, ready to be sent. It is signed once and shared by all streams that get it. */
export type FeedMessage = {
  readonly type: MessageType;
  /** The ids of the positions before and after it. */
  readonly after: string;
  readonly upTo: string;
  /** The revocations that it contains. */
  readonly revocations: readonly Revocation[];
  readonly bytes: Buffer;
};

export function feedMessage(
  type: MessageType,
  { after, upTo, revocations }: RevocationBatch,
  token: string,
): FeedMessage {
  const bytes = Buffer.from(writeMessage(upTo, token));
  return { type, after: eventIdOf(after), upTo: eventIdOf(upTo), revocations, bytes };
}
