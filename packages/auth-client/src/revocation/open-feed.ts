import { untilAborted } from '../runtime/deadline.ts';
import type { Position } from './position.ts';

export interface FeedRequest {
  uri: string;
  token: string;
  /** From where to go on; undefined asks for a snapshot. */
  position: Position | undefined;
  fetch: typeof globalThis.fetch;
  /** Aborts the request, and what it opened. */
  signal: AbortSignal;
}

/** The feed answered with something else than an event stream. */
export class FeedAnswerError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`The feed answered ${status}, and not with an event stream`);
    this.status = status;
  }
}

const eventStream = /^text\/event-stream\s*(?:;|$)/i;

/**
 * Asks for the feed, at its address and nowhere else: redirects are not followed.
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
    // Whoever compresses on the way gathers, and what is gathered comes late.
    'accept-encoding': 'identity',
    authorization: `Bearer ${token}`,
    'cache-control': 'no-store',
    ...(position && { 'last-event-id': position.join(',') }),
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
