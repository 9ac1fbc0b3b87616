import { attributesOf, cumulative, nanoseconds, type OtlpMetric } from './otlp.ts';

type Kind = 'spans' | 'log_lines';

/** Counts undelivered items as a metric, so that missing telemetry is visible. */
export function createDropCounter() {
  const counts: Record<Kind, number> = { spans: 0, log_lines: 0 };
  const startTimeUnixNano = nanoseconds(performance.timeOrigin);
  const add = (kind: Kind, many: number): void => {
    counts[kind] += many;
  };
  return {
    add,
    /** Counts the items unless the delivery succeeds. Resolves to whether it did. */
    async unless(delivery: Promise<boolean>, kind: Kind, many: number): Promise<boolean> {
      const isDelivered = await delivery;
      if (!isDelivered) add(kind, many);
      return isDelivered;
    },
    metric(): OtlpMetric {
      const timeUnixNano = nanoseconds(Date.now());
      const dataPoints = Object.entries(counts).map(([kind, asDouble]) => ({
        attributes: attributesOf({ kind }),
        timeUnixNano,
        startTimeUnixNano,
        asDouble,
      }));
      return {
        name: 'telemetry_dropped_total',
        description: 'Spans and log lines that were not delivered to the collector.',
        sum: { dataPoints, aggregationTemporality: cumulative, isMonotonic: true },
      };
    },
  };
}
