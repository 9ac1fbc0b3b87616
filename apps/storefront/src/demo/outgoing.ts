import { AsyncLocalStorage } from 'node:async_hooks';
import { createFetch } from '@latchkey/auth-client';
import { type Answer, type Request, send as sendOnce } from '@latchkey/person';

const fetch = createFetch();
const trace = new AsyncLocalStorage<string | undefined>();

/** Runs `work` with requests in the trace of this header, so that the page sees them as part of its own request. */
export function withinTrace<T>(traceparent: string | undefined, work: () => T): T {
  return trace.run(traceparent, work);
}

/**
 * Sends a request in the trace, without any special access, and reads the answer.
 *
 * @throws when there is no answer in time
 */
export function send(origin: string, request: Request, timeoutMs = 20_000): Promise<Answer> {
  const traceparent = trace.getStore();
  const headers = { ...(traceparent !== undefined && { traceparent }), ...request.headers };
  return sendOnce(origin, { ...request, headers }, { fetch, timeoutMs });
}

/** Sends what a browser would, in the trace, to where this server reaches the origin that is for browsers. */
export function browse(
  url: string,
  init: RequestInit,
  insideOf: ReadonlyMap<string, string>,
): Promise<Response> {
  const { origin, pathname, search } = new URL(url);
  const headers = new Headers(init.headers);
  const traceparent = trace.getStore();
  if (traceparent !== undefined) headers.set('traceparent', traceparent);
  const signal = AbortSignal.timeout(20_000);
  return fetch((insideOf.get(origin) ?? origin) + pathname + search, { ...init, headers, signal });
}

/** A text member of an answer; undefined when it is not a text. */
export function textIn({ body }: Pick<Answer, 'body'>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * Returns the answer if it is a success.
 *
 * @throws Error the refusal, unchanged: the error handler answers with it
 */
export function orPassOn(answer: Answer): Answer {
  if (answer.status < 400) return answer;
  const retryAfter = answer.headers.get('retry-after');
  const reason = textIn(answer, 'reason');
  const detail = textIn(answer, 'detail') ?? textIn(answer, 'error_description');
  throw Object.assign(new Error(detail ?? 'auth-service refused this.'), {
    status: answer.status,
    code: textIn(answer, 'code') ?? textIn(answer, 'error') ?? 'refused',
    headers: retryAfter === null ? {} : { 'retry-after': retryAfter },
    extensions: reason === undefined ? {} : { reason },
    expose: true,
  });
}
