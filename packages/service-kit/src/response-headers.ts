import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Lifecycle } from './lifecycle.ts';
import { traceContextOf } from './trace-context.ts';

/**
 * What helmet sets, as far as it means something for JSON, as constants: each header costs time on every answer.
 * A route may replace them, as the page at /docs does, and as key sets do to be cached.
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
  // Decided when the answer leaves, not when the request came: a request that was in flight when the stop signal came
  // would otherwise leave its connection open, and the close waiting for it.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (lifecycle.draining) reply.header('connection', 'close');
    done();
  });
}

/** As the hook does; for answers that are made before hooks run. */
export function setResponseHeaders(reply: FastifyReply, requestId: string): void {
  reply.headers(commonHeaders(requestId, traceContextOf(reply.request.raw).header));
}

/** What every answer has. */
export function commonHeaders(requestId: string, traceparent: string): Record<string, string> {
  return { ...securityHeaders, 'x-request-id': requestId, traceparent };
}
