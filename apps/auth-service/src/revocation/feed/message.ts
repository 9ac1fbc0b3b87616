import type { Revocation } from '@latchkey/auth-client';
import type { RevocationBatch } from '../log/revocation-log.ts';
import { eventIdOf } from './event-id.ts';

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

/** The most revocations in one message: about 90 KB, and one signature. */
export const MOST_REVOCATIONS = 500;

/** Makes a message in the format of server-sent events (WHATWG HTML §9.2.6). A compact JWS contains no line break. */
export function feedMessage(
  type: MessageType,
  { after, upTo, revocations }: RevocationBatch,
  token: string,
): FeedMessage {
  const id = eventIdOf(upTo);
  const bytes = Buffer.from(`id: ${id}\ndata: ${token}\n\n`);
  return { type, after: eventIdOf(after), upTo: id, revocations, bytes };
}
