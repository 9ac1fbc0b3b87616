import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { ConfigError } from '../settings/config.ts';
import { faultOfUrl } from '../settings/setting-url.ts';
import { createExporter } from './exporter.ts';
import { followLogLines } from './log-lines.ts';
import { readMetrics } from './metrics.ts';
import { attributesOf } from './otlp.ts';
import { traceSentRequests } from './sent-requests.ts';
import { traceServedRequests } from './served-requests.ts';
import { createTracer } from './spans.ts';
import { tracePostgres, traceRedis } from './stores.ts';

export type TelemetryOptions = {
  /** An OTLP collector's address (OTEL_EXPORTER_OTLP_ENDPOINT): gets everything, every two seconds. */
  readonly endpoint?: string | undefined;
  /** An address that shows spans live (SPANS_ENDPOINT): gets only spans, at once. */
  readonly spansEndpoint?: string | undefined;
  /** service.name in every report. */
  readonly serviceName: string;
};

/** Short enough to look live, and long enough that a burst of spans is one report. */
const spansIntervalMs = 150;

/**
 * Reports traces, metrics and log lines of this process to an OpenTelemetry collector, or only traces to a live view,
 * or both. Call it before the service is created: it subscribes to the diagnostics channels of fastify, pino, ioredis
 * and fetch.
 *
 * This module is loaded only when telemetry is on, so that other services do not pay for it.
 *
 * @throws {ConfigError} when an endpoint is not an http(s) URL
 * @example
 * startTelemetry({ endpoint: 'http://localhost:4318', serviceName: 'cart-service' });
 */
export function startTelemetry({ endpoint, spansEndpoint, serviceName }: TelemetryOptions): void {
  const collector = urlOf('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint);
  const viewer = urlOf('SPANS_ENDPOINT', spansEndpoint);
  const services: FastifyInstance[] = [];
  // A library may have its own fastify, without metrics and log.
  const ownServices = () => services.filter((app) => app.hasDecorator('metrics'));
  const common = {
    // Distinguishes the replicas of one service.
    resource: attributesOf({
      'service.name': serviceName,
      'service.instance.id': `${hostname()}-${process.pid}`,
    }),
    onChange: (isReached: boolean) => {
      const log = ownServices()[0]?.log;
      if (isReached) log?.info('telemetry is taken again');
      else log?.warn('telemetry is not taken: the collector cannot be reached');
    },
  };
  const metrics = async () =>
    (await Promise.all(ownServices().map((app) => readMetrics(app.metrics)))).flat();
  const reports = collector && createExporter({ ...common, endpoint: collector, metrics });
  const shown = viewer && createExporter({ ...common, endpoint: viewer, intervalMs: spansIntervalMs });
  const exporters = [reports, shown].filter((exporter) => exporter !== undefined);

  const tracer = createTracer((span) => {
    for (const exporter of exporters) exporter.addSpan(span);
  });
  traceServedRequests(tracer, (app) => {
    services.push(app);
    app.addHook('onClose', async () => void (await Promise.all(exporters.map(({ stop }) => stop()))));
  });
  traceSentRequests(
    tracer,
    [collector, viewer].flatMap((url) => url?.origin ?? []),
  );
  traceRedis(tracer);
  tracePostgres(tracer);
  if (reports) followLogLines(reports.addLog);
}

function urlOf(setting: string, address: string | undefined): URL | undefined {
  if (!address) return undefined;
  const fault = faultOfUrl(address, 'base');
  if (fault !== undefined)
    throw new ConfigError([`${setting} is not valid (expected: an http(s) URL): ${fault}`]);
  return new URL(address.endsWith('/') ? address : `${address}/`);
}
