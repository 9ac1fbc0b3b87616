import { eventIdOf, type Position } from '../feed/position.ts';
import { untilAborted } from '../runtime/deadline.ts';
import { authorizationOf, type OwnToken } from './access-token-source.ts';

export type FeedRequest = {
  uri: string;
  token: OwnToken;
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
 * Requests the feed, and once more if it wants its nonce in the proof (RFC 9449 §9). Redirects are not followed.
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
  const ask = () => {
    const headers = {
      accept: 'text/event-stream',
      // A proxy that compresses buffers the stream, which delays the events.
      'accept-encoding': 'identity',
      ...authorizationOf(token, { method: 'GET', url: uri }),
      'cache-control': 'no-store',
      ...(position && { 'last-event-id': eventIdOf(position) }),
    };
    return untilAborted(signal, () => fetch(uri, { headers, redirect: 'error', signal }));
  };
  let response = await ask();
  if (token.proofs?.learn(uri, response)) {
    await response.body?.cancel();
    response = await ask();
    token.proofs.learn(uri, response);
  }
  const { status, headers, body } = response;
  if (status !== 200 || !body || !eventStream.test(headers.get('content-type') ?? ''))
    throw new FeedAnswerError(status);
  return body.getReader();
}
