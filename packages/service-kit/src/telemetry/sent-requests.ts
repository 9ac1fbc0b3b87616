import { subscribe } from 'node:diagnostics_channel';
import type { ActiveSpan, Tracer } from './spans.ts';

/**
 * A request on the diagnostics channels of undici, which implements fetch (nodejs/undici
 * docs/api/DiagnosticsChannel.md).
 */
type SentRequest = {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: readonly (string | readonly string[])[];
  addHeader(name: string, value: string): void;
};

/**
 * Makes a span for each request of fetch, except to the origins of `except`. Adds the trace header if it is missing.
 */
export function traceSentRequests(tracer: Tracer, except: readonly string[]): void {
  const spans = new WeakMap<SentRequest, { span: ActiveSpan; status?: number }>();

  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: SentRequest };
    if (except.includes(String(request.origin))) return;
    const span = tracer.start({ name: request.method, kind: 'client' });
    spans.set(request, { span });
    const isPassedOn = request.headers.some((name) => String(name).toLowerCase() === 'traceparent');
    if (!isPassedOn)
      request.addHeader('traceparent', `00-${span.traceId}-${span.spanId}-${span.isSampled ? '01' : '00'}`);
  });
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as { request: SentRequest; response: { statusCode: number } };
    const sent = spans.get(request);
    if (sent) sent.status = response.statusCode;
  });
  const end = (message: unknown) => {
    const { request, error } = message as { request: SentRequest; error?: Error };
    const sent = spans.get(request);
    spans.delete(request);
    sent?.span.end({
      failed: error !== undefined || (sent.status ?? 0) >= 500,
      attributes: {
        'http.request.method': request.method,
        'server.address': String(request.origin),
        // The query is left out: it may hold secrets.
        'url.path': request.path.split('?', 1)[0],
        'http.response.status_code': sent.status,
        'error.type': error?.name,
      },
    });
  };
  subscribe('undici:request:trailers', end);
  subscribe('undici:request:error', end);
}
