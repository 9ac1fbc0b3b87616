import { createFetch } from '@latchkey/auth-client';
import { createDropCounter } from './dropped.ts';
import type { Attribute, OtlpLogRecord, OtlpMetric, OtlpSpan } from './otlp.ts';

export type ExporterOptions = {
  /** The collector, e.g. `http://localhost:4318`. */
  readonly endpoint: URL;
  /** The sender: service.name and so on. */
  readonly resource: readonly Attribute[];
  /** Default none: then only spans are reported, and nothing while there are none. */
  readonly metrics?: () => Promise<OtlpMetric[]>;
  /** Called once when the collector stops accepting reports, and once when it accepts them again. */
  readonly onChange: (isReached: boolean) => void;
  readonly intervalMs?: number;
  readonly fetch?: typeof globalThis.fetch;
};

/** The most items of each kind between two reports. More are dropped, so that a missing collector costs little. */
const maxWaiting = 8000;
const timeoutMs = 2000;
const scope = { name: '@latchkey/service-kit' };

/**
 * Reports spans, log lines and metrics to an OpenTelemetry collector, by default every two seconds, as OTLP over HTTP
 * in JSON. Undeliverable items are dropped and counted in the metric telemetry_dropped_total, so that telemetry never
 * delays the work.
 *
 * @example
 * const exporter = createExporter({ endpoint, resource, metrics, onChange });
 * exporter.addSpan(span);
 * await exporter.stop();
 */
export function createExporter(options: ExporterOptions) {
  const { endpoint, resource, metrics, onChange, intervalMs = 2000, fetch = createFetch() } = options;
  let spans: OtlpSpan[] = [];
  let logs: OtlpLogRecord[] = [];
  const dropped = createDropCounter();
  let isReached = true;
  let reporting: Promise<void> = Promise.resolve();
  const timer = setInterval(() => void report(), intervalMs).unref();

  /** Sends one report at a time, so that a slow collector does not cause parallel requests. */
  function report(): Promise<void> {
    reporting = reporting.then(send);
    return reporting;
  }

  async function send(): Promise<void> {
    const of = { resource: { attributes: resource } };
    const [newSpans, newLogs] = [spans, logs];
    spans = [];
    logs = [];
    const sent: Promise<boolean>[] = [];
    if (metrics !== undefined) {
      const figures = [...(await metrics().catch(() => [])), dropped.metric()];
      sent.push(
        post('metrics', { resourceMetrics: [{ ...of, scopeMetrics: [{ scope, metrics: figures }] }] }),
      );
    }
    if (newSpans.length > 0) {
      const body = { resourceSpans: [{ ...of, scopeSpans: [{ scope, spans: newSpans }] }] };
      sent.push(dropped.unless(post('traces', body), 'spans', newSpans.length));
    }
    if (newLogs.length > 0) {
      const body = { resourceLogs: [{ ...of, scopeLogs: [{ scope, logRecords: newLogs }] }] };
      sent.push(dropped.unless(post('logs', body), 'log_lines', newLogs.length));
    }
    if (sent.length === 0) return;
    const wasReached = (await Promise.all(sent)).every(Boolean);
    if (wasReached !== isReached) onChange(wasReached);
    isReached = wasReached;
  }

  async function post(signal: 'metrics' | 'traces' | 'logs', body: unknown): Promise<boolean> {
    try {
      const response = await fetch(new URL(`v1/${signal}`, endpoint), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  return {
    addSpan(span: OtlpSpan): void {
      if (spans.length < maxWaiting) spans.push(span);
      else dropped.add('spans', 1);
    },

    addLog(record: OtlpLogRecord): void {
      if (logs.length < maxWaiting) logs.push(record);
      else dropped.add('log_lines', 1);
    },

    /** Sends a last report and stops. Waits some seconds at most. */
    async stop(): Promise<void> {
      clearInterval(timer);
      await report();
    },
  };
}
