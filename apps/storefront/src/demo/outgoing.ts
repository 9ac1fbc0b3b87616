import { AsyncLocalStorage } from 'node:async_hooks';
import { createFetch } from '@latchkey/auth-client';

export type Call = {
  readonly method?: string;
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as a form, in place of a body. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
};

export type Answer = {
  readonly status: number;
  /** The answer's JSON; empty when there was none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
};

const fetch = createFetch();
const trace = new AsyncLocalStorage<string | undefined>();

/** Runs `work` with requests in the trace of this header, so that the page sees them as part of its own request. */
export function withinTrace<T>(traceparent: string | undefined, work: () => T): T {
  return trace.run(traceparent, work);
}

/**
 * Sends a request without any special access, and reads the answer.
 *
 * @throws when there is no answer
 */
export async function send(url: string, call: Call = {}): Promise<Answer> {
  const { method = 'GET', token, body, form, headers, timeoutMs = 20_000 } = call;
  const traceparent = trace.getStore();
  const response = await fetch(url, {
    method,
    headers: {
      ...(traceparent !== undefined && { traceparent }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(form !== undefined && { body: new URLSearchParams(form) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  return { status: response.status, body: parse(text), headers: response.headers };
}

function parse(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Answer['body']) : {};
  } catch {
    return {};
  }
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
