import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyInstance {
    /** This service's metrics; register your own here. */
    readonly metrics: Registry;
  }
}

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Adds `app.metrics`, GET /metrics and http_request_duration_seconds{method,route,status}. The route is the pattern
 * (`/cart/items/:sku`), or `unmatched`, so that callers cannot make up new series.
 */
export function addMetrics(app: FastifyInstance): void {
  const registry = new Registry();
  // prom-client's default of 10 ms would wake an idle service a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer, in seconds',
    labelNames: ['method', 'route', 'status'],
    buckets: bucketsSeconds,
    registers: [registry],
  });

  app.decorate('metrics', registry);
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unmatched';
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    // A proxy that keeps this path inside may not know `/%6detrics`, or the path below that of the issuer.
    if (request.originalUrl.split('?', 1)[0] !== '/metrics') return reply.callNotFound();
    reply.type(registry.contentType);
    return registry.metrics();
  });
}
