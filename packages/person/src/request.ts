import type { Key } from './key.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A request to one of the services. */
export type Request = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | undefined;
  readonly path: string;
  /** An access token (RFC 6750). */
  readonly token?: string | undefined;
  /** The key to which the token is bound, or to which the tokens in the answer shall be (RFC 9449). */
  readonly key?: Key | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form, in place of JSON. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The answer's JSON object; empty when it was none. */
  readonly body: Json;
};

export type SendOptions = {
  /** The global one without it. */
  readonly fetch?: typeof globalThis.fetch;
  /** For the whole answer, in milliseconds. 60,000 without it. */
  readonly timeoutMs?: number;
};

/**
 * What of a request to this origin goes over the line, for `fetch` as well as for undici's `Pool`. With a key it is good
 * once.
 */
export function messageOf(request: Request, origin: string) {
  const { method = 'GET', path, token, key, json, form, headers } = request;
  return {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...key?.headersFor({ method, url: origin + path, ...(token !== undefined && { accessToken: token }) }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    body: json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form).toString() : null,
  };
}

/**
 * Sends a request and reads the answer, whatever its status. Sends it again when the server wants its nonce in the proof
 * (RFC 9449 §8, §9).
 *
 * @throws when there is no answer in time
 * @example const { status } = await send('http://localhost:4001', { path: '/cart', token });
 */
export async function send(origin: string, request: Request, options: SendOptions = {}): Promise<Answer> {
  const answer = await sendOnce(origin, request, options);
  const { code, error } = answer.body;
  const wantsNonce = request.key !== undefined && [code, error].includes('use_dpop_nonce');
  return wantsNonce ? sendOnce(origin, request, options) : answer;
}

async function sendOnce(origin: string, request: Request, options: SendOptions): Promise<Answer> {
  const { fetch = globalThis.fetch, timeoutMs = 60_000 } = options;
  const init = { ...messageOf(request, origin), signal: AbortSignal.timeout(timeoutMs) };
  const response = await fetch(origin + request.path, init);
  request.key?.learn(origin + request.path, response);
  const { status, headers } = response;
  const text = await response.text();
  return { status, headers, text, body: objectIn(text) };
}

/**
 * As `send`, for whoever needs a success. Returns the body.
 *
 * @throws Error with status and text of the answer when it is no success; and as `send` does
 */
export async function ask(origin: string, request: Request, options?: SendOptions): Promise<Json> {
  const { status, text, body } = await send(origin, request, options);
  if (status >= 200 && status < 300) return body;
  throw new Error(`${request.method ?? 'GET'} ${request.path} was answered ${status}: ${text}`);
}

function objectIn(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}
