export type Json = Readonly<Record<string, unknown>>;

/** A request to one of the services. Whoever has connections of their own sends `messageOf` it over those. */
export type Request = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | undefined;
  readonly path: string;
  /** An access token (RFC 6750). */
  readonly token?: string | undefined;
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

/** What of a request goes over the line, for `fetch` as well as for undici's `Pool`. */
export function messageOf({ method = 'GET', token, json, form, headers }: Request) {
  return {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    body: json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form).toString() : null,
  };
}

/**
 * Sends a request and reads the answer, whatever its status.
 *
 * @throws when there is no answer in time
 * @example const { status } = await send('http://localhost:4001', { path: '/cart', token });
 */
export async function send(origin: string, request: Request, options: SendOptions = {}): Promise<Answer> {
  const { fetch = globalThis.fetch, timeoutMs = 60_000 } = options;
  const init = { ...messageOf(request), signal: AbortSignal.timeout(timeoutMs) };
  const response = await fetch(origin + request.path, init);
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
