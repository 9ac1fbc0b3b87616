import { eventIdOf, type Position } from '../feed/position.ts';
import { untilAborted } from '../runtime/deadline.ts';

export type FeedRequest = {
  uri: string;
  token: string;
  /** Where to resume; undefined requests a snapshot. */
  position: Position | undefined;
  fetch: typeof globalThis.fetch;
  /** Aborts the request and the open stream. */
  signal: AbortSignal;
};

/** The answer is not an event stream. */
export class FeedAnswerError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`The feed answered ${status}, and not with an event stream`);
    this.status = status;
  }
}

const eventStream = /^text\/event-stream\s*(?:;|$)/i;

/**
 * Requests the feed. Redirects are not followed.
 *
 * @throws FeedAnswerError, or what fetch throws
 */
export async function openFeed({
  uri,
  token,
  position,
  fetch,
  signal,
}: FeedRequest): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const headers = {
    accept: 'text/event-stream',
    // A proxy that compresses buffers the stream, which delays the events.
    'accept-encoding': 'identity',
    authorization: `Bearer ${token}`,
    'cache-control': 'no-store',
    ...(position && { 'last-event-id': eventIdOf(position) }),
  };
  const {
    status,
    headers: given,
    body,
  } = await untilAborted(signal, () => fetch(uri, { headers, redirect: 'error', signal }));
  if (status !== 200 || !body || !eventStream.test(given.get('content-type') ?? ''))
    throw new FeedAnswerError(status);
  return body.getReader();
}
