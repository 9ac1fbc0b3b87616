import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { sampleTraces } from '../logging/trace-context.ts';
import { createExporter } from './exporter.ts';
import { followLogLines } from './log-lines.ts';
import { readMetrics } from './metrics.ts';
import { attributesOf } from './otlp.ts';
import { createSampler } from './sampling.ts';
import { traceSentRequests } from './sent-requests.ts';
import { traceServedRequests } from './served-requests.ts';
import { readTelemetrySettings } from './settings.ts';
import { createTracer } from './spans.ts';
import { tracePostgres, traceRedis } from './stores.ts';

/** Short enough to look live, and long enough that a burst of spans is one report. */
const spansIntervalMs = 150;

/**
 * Reports traces, metrics and log lines of this process to OpenTelemetry collectors, or traces to a live view
 * (SPANS_ENDPOINT), which gets all of them at once, or both. Call it before the service is created: it subscribes to the
 * diagnostics channels of fastify, pino, ioredis and fetch.
 *
 * This module is loaded only when telemetry is on, so that other services do not pay for it.
 *
 * @throws {ConfigError} when a setting is not valid
 * @example startTelemetry(process.env);
 */
export function startTelemetry(env: Record<string, string | undefined>): void {
  const { destinations, spansEndpoint, attributes, ...settings } = readTelemetrySettings(env);
  const services: FastifyInstance[] = [];
  // A library may have its own fastify, without metrics and log.
  const ownServices = () => services.filter((app) => app.hasDecorator('metrics'));
  const common = {
    // Distinguishes the replicas of one service.
    resource: attributesOf({
      'service.instance.id': `${hostname()}-${process.pid}`,
      ...attributes,
    }),
    onChange: (isReached: boolean) => {
      const log = ownServices()[0]?.log;
      if (isReached) log?.info('telemetry is taken again');
      else log?.warn('telemetry is not taken: the collector cannot be reached');
    },
  };
  const metrics = async () =>
    (await Promise.all(ownServices().map((app) => readMetrics(app.metrics)))).flat();
  const reports =
    Object.keys(destinations).length > 0
      ? createExporter({ ...common, ...settings, destinations, metrics })
      : undefined;
  const viewer = spansEndpoint && { url: new URL('v1/traces', spansEndpoint), headers: {} };
  const shown =
    viewer && createExporter({ ...common, destinations: { traces: viewer }, intervalMs: spansIntervalMs });
  const exporters = [reports, shown].filter((exporter) => exporter !== undefined);

  // With OTEL_SDK_DISABLED.
  if (exporters.length === 0) return;
  const sampler = createSampler(settings.sampler, settings.sampledShare);
  if (reports) sampleTraces(sampler);
  const tracer = createTracer(sampler, (span, isSampled) => {
    if (isSampled) reports?.addSpan(span);
    shown?.addSpan(span);
  });
  traceServedRequests(tracer, (app) => {
    services.push(app);
    app.addHook('onReady', async () => {
      const { dropped } = reports ?? shown ?? {};
      if (dropped && app.hasDecorator('metrics')) app.metrics.registerMetric(dropped);
    });
    app.addHook('onClose', async () => void (await Promise.all(exporters.map(({ stop }) => stop()))));
  });
  traceSentRequests(
    tracer,
    [...Object.values(destinations), ...(viewer ? [viewer] : [])].map(({ url }) => url.origin),
  );
  traceRedis(tracer);
  tracePostgres(tracer);
  if (reports) followLogLines(reports.addLog);
}
