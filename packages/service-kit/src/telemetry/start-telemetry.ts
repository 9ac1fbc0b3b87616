import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { ConfigError } from '../config.ts';
import { createExporter } from './exporter.ts';
import { followLogLines } from './log-lines.ts';
import { readMetrics } from './metrics.ts';
import { attributesOf } from './otlp.ts';
import { traceSentRequests } from './sent-requests.ts';
import { traceServedRequests } from './served-requests.ts';
import { createTracer } from './spans.ts';
import { tracePostgres, traceRedis } from './stores.ts';

export type TelemetryOptions = {
  /** An OTLP collector's address, as OTEL_EXPORTER_OTLP_ENDPOINT says it. */
  readonly endpoint: string;
  /** service.name in every report. */
  readonly serviceName: string;
  readonly intervalMs?: number;
};

/**
 * Reports traces, metrics and log lines of this process to an OpenTelemetry collector. Call it before the service is
 * made: it listens to what fastify, pino, ioredis and fetch tell on their diagnostics channels.
 *
 * This module is loaded only when it is wanted: a service that reports to nobody does not pay for it.
 *
 * @throws {ConfigError} when the endpoint is not an http(s) URL
 * @example
 * startTelemetry({ endpoint: 'http://localhost:4318', serviceName: 'cart-service' });
 */
export function startTelemetry({ endpoint, serviceName, intervalMs }: TelemetryOptions): void {
  const url = URL.parse(endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(['OTEL_EXPORTER_OTLP_ENDPOINT is not valid (expected: an http(s) URL)']);
  }
  const services: FastifyInstance[] = [];
  // A library may have a fastify of its own, without metrics and without a log.
  const ownServices = () => services.filter((app) => app.hasDecorator('metrics'));
  const exporter = createExporter({
    endpoint: url,
    // Replicas of one service differ by their instance.
    resource: attributesOf({
      'service.name': serviceName,
      'service.instance.id': `${hostname()}-${process.pid}`,
    }),
    metrics: async () => (await Promise.all(ownServices().map(({ metrics }) => readMetrics(metrics)))).flat(),
    onChange: (isReached) => {
      const log = ownServices()[0]?.log;
      if (isReached) log?.info('telemetry is taken again');
      else log?.warn('telemetry is not taken: the collector cannot be reached');
    },
    ...(intervalMs === undefined ? {} : { intervalMs }),
  });
  const tracer = createTracer(exporter.addSpan);
  traceServedRequests(tracer, (app) => {
    services.push(app);
    app.addHook('onClose', exporter.stop);
  });
  traceSentRequests(tracer, url.origin);
  traceRedis(tracer);
  tracePostgres(tracer);
  followLogLines(exporter.addLog);
}
