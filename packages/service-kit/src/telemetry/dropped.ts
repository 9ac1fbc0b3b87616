import { Counter } from 'prom-client';

type Kind = 'spans' | 'log_lines' | 'metrics';

/** Counts undelivered items as the metric `telemetry_dropped_total{kind}`, so that missing telemetry is visible. */
export function createDropCounter() {
  const counter = new Counter({
    name: 'telemetry_dropped_total',
    help: 'Spans, log lines and reports of metrics that were not delivered to the collector',
    labelNames: ['kind'],
    registers: [],
  });
  const add = (kind: Kind, many: number): void => counter.inc({ kind }, many);
  // A counter that begins with its first item cannot be seen to rise.
  for (const kind of ['spans', 'log_lines', 'metrics'] as const) add(kind, 0);
  return {
    /** For the registries of the services that report. */
    metric: counter,
    add,
    /** Counts the items unless the delivery succeeds. Resolves to whether it did. */
    async unless(delivery: Promise<boolean>, kind: Kind, many: number): Promise<boolean> {
      const isDelivered = await delivery;
      if (!isDelivered) add(kind, many);
      return isDelivered;
    },
  };
}
