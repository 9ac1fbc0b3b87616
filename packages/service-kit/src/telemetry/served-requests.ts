import { subscribe } from 'node:diagnostics_channel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isSampled, traceContextOf } from '../logging/trace-context.ts';
import type { ActiveSpan, Tracer } from './spans.ts';
import { followTokens } from './token-attributes.ts';

/** Machines request these every few seconds; their spans would bury those of people. */
const probes = new Set(['/live', '/ready', '/metrics']);

/**
 * Makes a span for each request that a fastify created after this call serves. Calls `onService` for each such fastify.
 */
export function traceServedRequests(tracer: Tracer, onService: (app: FastifyInstance) => void): void {
  const tokenAttributesOf = followTokens();
  subscribe('fastify.initialization', (message) => {
    const { fastify: app } = message as { fastify: FastifyInstance };
    onService(app);
    const spans = new WeakMap<FastifyRequest, ActiveSpan>();
    app.addHook('onRequest', (request, _reply, done) => {
      if (probes.has(request.routeOptions.url ?? '')) return done();
      const { traceId, spanId, parentId, flags } = traceContextOf(request.raw);
      const ids = { traceId, spanId, parentId, isSampled: isSampled(flags) };
      const span = tracer.start({ name: request.method, kind: 'server', ids });
      spans.set(request, span);
      tracer.within(span, done);
    });
    app.addHook('onResponse', (request, reply, done) => {
      const route = request.is404 ? undefined : request.routeOptions.url;
      spans.get(request)?.end({
        name: route === undefined ? request.method : `${request.method} ${route}`,
        failed: reply.statusCode >= 500,
        attributes: {
          'http.request.method': request.method,
          'http.route': route,
          'http.response.status_code': reply.statusCode,
          'error.type': request.failure?.code,
          'latchkey.request_id': request.id,
          ...tokenAttributesOf(request),
        },
      });
      done();
    });
  });
}
