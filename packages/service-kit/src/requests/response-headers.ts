import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { traceContextOf } from '../logging/trace-context.ts';

/**
 * The headers of helmet that matter for JSON, as constants: each header costs time on every answer. A route may replace
 * them, as the page at /docs does, and as key sets do to be cacheable.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Sets the security headers, the request id and the trace on every answer; while draining, `connection: close`. */
export function addResponseHeaders(app: FastifyInstance, lifecycle: Lifecycle): void {
  app.addHook('onRequest', (request, reply, done) => {
    setResponseHeaders(reply, request.id);
    done();
  });
  // Decided when the answer is sent: a request that was in flight at the stop signal would otherwise keep its
  // connection open and delay the stop.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (lifecycle.draining) reply.header('connection', 'close');
    done();
  });
}

/** Does what the hook does, for answers before hooks run. */
export function setResponseHeaders(reply: FastifyReply, requestId: string): void {
  reply.headers(commonHeaders(requestId, traceContextOf(reply.request.raw).header));
}

/** The headers of every answer. */
export function commonHeaders(requestId: string, traceparent: string): Record<string, string> {
  return { ...securityHeaders, 'x-request-id': requestId, traceparent };
}
