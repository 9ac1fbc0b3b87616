import { subscribe } from 'node:diagnostics_channel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { traceContextOf } from '../trace-context.ts';
import type { ActiveSpan, Tracer } from './spans.ts';
import { followTokens } from './token-attributes.ts';

/** Asked every few seconds by machines; they would bury what people do. */
const probes = new Set(['/live', '/ready', '/metrics']);

/** A span for each request that a fastify made after this call serves. `onService` is told of each such fastify. */
export function traceServedRequests(tracer: Tracer, onService: (app: FastifyInstance) => void): void {
  const tokenAttributesOf = followTokens();
  subscribe('fastify.initialization', (message) => {
    const { fastify: app } = message as { fastify: FastifyInstance };
    onService(app);
    const spans = new WeakMap<FastifyRequest, ActiveSpan>();
    app.addHook('onRequest', (request, _reply, done) => {
      if (probes.has(request.routeOptions.url ?? '')) return done();
      const { traceId, spanId, parentId } = traceContextOf(request.raw);
      const span = tracer.start({ name: request.method, kind: 'server', ids: { traceId, spanId, parentId } });
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
