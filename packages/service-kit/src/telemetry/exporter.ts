import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createFetch } from '@latchkey/auth-client';
import { createDropCounter } from './dropped.ts';
import type { Attribute, OtlpLogRecord, OtlpMetric, OtlpSpan } from './otlp.ts';
import type { Destination, Signal } from './settings.ts';

export type ExporterOptions = {
  /** Signals without one are not reported. */
  readonly destinations: Readonly<Partial<Record<Signal, Destination>>>;
  /** The sender: service.name and so on. */
  readonly resource: readonly Attribute[];
  /** Read every `metricsIntervalMs`, and at the end. */
  readonly metrics?: () => Promise<OtlpMetric[]>;
  /** Default 60 s. */
  readonly metricsIntervalMs?: number;
  /** Called once when a collector stops accepting reports, and once when all accept them again. */
  readonly onChange: (isReached: boolean) => void;
  /** Between two reports of spans and log lines; default 2 s. */
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly isCompressed?: boolean;
  readonly fetch?: typeof globalThis.fetch;
};

/** The most items of each kind between two reports. More are dropped, so that a missing collector costs little. */
const maxWaiting = 8000;
const scope = { name: '@latchkey/service-kit' };
const compress = promisify(gzip);

/**
 * Reports spans, log lines and metrics to OpenTelemetry collectors, as OTLP over HTTP in JSON. Undeliverable items are
 * dropped and counted in the metric telemetry_dropped_total, so that telemetry never delays the work.
 *
 * @example
 * const exporter = createExporter({ destinations, resource, metrics, onChange });
 * exporter.addSpan(span);
 * await exporter.stop();
 */
export function createExporter(options: ExporterOptions) {
  const { destinations, resource, metrics, onChange, fetch = createFetch() } = options;
  const { intervalMs = 2000, metricsIntervalMs = 60_000, timeoutMs = 2000, isCompressed = false } = options;
  let spans: OtlpSpan[] = [];
  let logs: OtlpLogRecord[] = [];
  const dropped = createDropCounter();
  let isReached = true;
  let metricsDueAt = 0;
  let reporting: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void report(), intervalMs).unref();

  /** Sends one report at a time, so that a slow collector does not cause parallel requests. */
  function report({ isLast = false } = {}): Promise<void> {
    reporting = reporting.then(() => send(isLast));
    return reporting;
  }

  async function send(isLast: boolean): Promise<void> {
    const of = { resource: { attributes: resource } };
    const [newSpans, newLogs] = [spans, logs];
    spans = [];
    logs = [];
    const sent: Promise<boolean>[] = [];
    const now = performance.now();
    if (metrics !== undefined && destinations.metrics && (isLast || now >= metricsDueAt)) {
      metricsDueAt = now + metricsIntervalMs;
      const figures = await metrics().catch(() => []);
      const body = { resourceMetrics: [{ ...of, scopeMetrics: [{ scope, metrics: figures }] }] };
      sent.push(dropped.unless(post(destinations.metrics, body), 'metrics', 1));
    }
    if (newSpans.length > 0 && destinations.traces) {
      const body = { resourceSpans: [{ ...of, scopeSpans: [{ scope, spans: newSpans }] }] };
      sent.push(dropped.unless(post(destinations.traces, body), 'spans', newSpans.length));
    }
    if (newLogs.length > 0 && destinations.logs) {
      const body = { resourceLogs: [{ ...of, scopeLogs: [{ scope, logRecords: newLogs }] }] };
      sent.push(dropped.unless(post(destinations.logs, body), 'log_lines', newLogs.length));
    }
    if (sent.length === 0) return;
    const wasReached = (await Promise.all(sent)).every(Boolean);
    if (wasReached !== isReached) onChange(wasReached);
    isReached = wasReached;
  }

  async function post({ url, headers }: Destination, body: unknown): Promise<boolean> {
    try {
      const text = JSON.stringify(body);
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          ...(isCompressed && { 'content-encoding': 'gzip' }),
        },
        body: isCompressed ? await compress(text) : text,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  return {
    /** What was not delivered. */
    dropped: dropped.metric,

    addSpan(span: OtlpSpan): void {
      if (destinations.traces === undefined) return;
      if (spans.length < maxWaiting) spans.push(span);
      else dropped.add('spans', 1);
    },

    addLog(record: OtlpLogRecord): void {
      if (destinations.logs === undefined) return;
      if (logs.length < maxWaiting) logs.push(record);
      else dropped.add('log_lines', 1);
    },

    /** Sends a last report and stops. Waits some seconds at most. */
    async stop(): Promise<void> {
      clearInterval(timer);
      await report({ isLast: true });
    },
  };
}
