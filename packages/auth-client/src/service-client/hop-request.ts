import type { FastifyRequest } from 'fastify';
import { AuthClientError } from '../errors.ts';

/** A request to another service. Streams are not allowed, because a request may have to be sent again. */
export type HopInit = {
  /** Default GET. */
  method?: string;
  /**
   * The client sets `authorization` and `dpop` itself and never sends `cookie`; `host` and the trace headers are refused
   * too.
   */
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array | URLSearchParams;
};

const refusedHeaders = new Set(['authorization', 'dpop', 'cookie', 'host', 'traceparent', 'x-request-id']);
/** RFC 9110 §9.2.2 */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const traceparentShape = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const requestIdShape = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The URL of a path at a service. The path begins with one slash and is sent unchanged: values from outside must have
 * gone through encodeURIComponent. Anything that a URL parser would change ("..", "//", a backslash, a space) is
 * refused: it is a bug, or an attempt to get the token sent elsewhere.
 *
 * @throws AuthClientError invalid_hop_request
 */
export function hopUrl(base: string, path: string): string {
  const url = URL.parse(base.replace(/\/$/, '') + path);
  const given = path.split('#', 1)[0];
  const wanted = `${new URL(base).pathname.replace(/\/$/, '')}${given}`;
  const sound = path.startsWith('/') && given === path && url !== null && url.origin === new URL(base).origin;
  if (!sound || withApostrophes(url.pathname + url.search) !== withApostrophes(wanted)) {
    throw new AuthClientError(
      'invalid_hop_request',
      'The path must begin with one slash, and its parts must be encoded: use encodeURIComponent',
    );
  }
  return url.href;
}

/** Evens out the only character that encodeURIComponent leaves as it is and a URL parser escapes in a query. */
function withApostrophes(text: string): string {
  return text.replaceAll('%27', "'");
}

/** @throws AuthClientError invalid_hop_request for headers or a body that cannot be sent */
export function checkHopInit({ headers = {}, body }: HopInit): void {
  const refused = Object.keys(headers).find((name) => refusedHeaders.has(name.toLowerCase()));
  if (refused !== undefined)
    throw new AuthClientError('invalid_hop_request', `The header ${refused} is set by the service client`);
  const canBeResent =
    body === undefined ||
    typeof body === 'string' ||
    body instanceof Uint8Array ||
    body instanceof URLSearchParams;
  if (!canBeResent)
    throw new AuthClientError('invalid_hop_request', 'The body must be text, bytes or a form');
}

/** Whether sending the request twice has the same effect as once: by its method, or because it has an Idempotency-Key. */
export function isIdempotent({ method = 'GET', headers = {} }: HopInit): boolean {
  const hasKey = Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key');
  return hasKey || idempotentMethods.has(method.toUpperCase());
}

/**
 * The headers that link the next service's log lines with ours: `traceparent` (W3C Trace Context) and `x-request-id`.
 *
 * The trace is `request.traceparent.header` if the app sets it, else the caller's header.
 */
export function traceHeaders(request: FastifyRequest): Record<string, string> {
  const { traceparent } = request as { traceparent?: { header?: unknown } };
  const trace = traceparent?.header ?? request.headers.traceparent;
  return {
    ...(typeof trace === 'string' && traceparentShape.test(trace) && { traceparent: trace }),
    ...(requestIdShape.test(request.id) && { 'x-request-id': request.id }),
  };
}
