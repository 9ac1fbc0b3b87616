import type { FastifyRequest } from 'fastify';
import { AuthClientError } from '../errors.ts';

/** What can be sent to another service. No streams: a request may have to be sent again. */
export interface HopInit {
  /** Default GET. */
  method?: string;
  /** Not `authorization` and not `cookie`: those are this client's business, and nobody's. */
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array | URLSearchParams;
}

const refusedHeaders = new Set(['authorization', 'cookie', 'host', 'traceparent', 'x-request-id']);
/** RFC 9110 §9.2.2 */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const traceparentShape = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const requestIdShape = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The URL of a path at a service. The path begins with one slash and stands as it is sent: whatever comes from outside
 * has gone through encodeURIComponent. Anything that a URL parser would read differently ("..", "//", a backslash, a
 * space) is a mistake in the program, or somebody's attempt to have the token sent elsewhere.
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

/** The one character that encodeURIComponent leaves alone in a query and a URL parser does not. */
function withApostrophes(text: string): string {
  return text.replaceAll('%27', "'");
}

/** @throws AuthClientError invalid_hop_request for what cannot be sent */
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

/** Whether doing it twice is the same as doing it once. */
export function isIdempotent({ method = 'GET' }: HopInit): boolean {
  return idempotentMethods.has(method.toUpperCase());
}

/**
 * What makes the next service's log lines be found with ours: `traceparent` (W3C Trace Context) and `x-request-id`.
 *
 * The trace is that of `request.traceparent.header` where the app has such a thing, else the caller's header.
 */
export function traceHeaders(request: FastifyRequest): Record<string, string> {
  const { traceparent } = request as { traceparent?: { header?: unknown } };
  const trace = traceparent?.header ?? request.headers.traceparent;
  return {
    ...(typeof trace === 'string' && traceparentShape.test(trace) && { traceparent: trace }),
    ...(requestIdShape.test(request.id) && { 'x-request-id': request.id }),
  };
}
