import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client';
import { attributesOf, cumulative, type HistogramPoint, nanoseconds, type OtlpMetric } from './otlp.ts';

type PromMetric = MetricObjectWithValues<MetricValue<string> & { metricName?: string }>;

const startedAt = nanoseconds(performance.timeOrigin);

/** The current values of a prom-client registry as OTLP: counters, gauges and histograms, with unchanged names. */
export async function readMetrics(registry: Registry): Promise<OtlpMetric[]> {
  const now = nanoseconds(Date.now());
  const metrics = (await registry.getMetricsAsJSON()) as unknown as PromMetric[];
  return metrics.flatMap((metric) => convert(metric, now) ?? []);
}

function convert({ name, help: description, type, values }: PromMetric, now: string): OtlpMetric | undefined {
  // prom-client's types are strings here, contrary to its declarations.
  const kind = String(type);
  if (kind === 'histogram') {
    const dataPoints = histogramPoints(name, values, now);
    return { name, description, histogram: { dataPoints, aggregationTemporality: cumulative } };
  }
  // JSON has no infinite numbers, so unknown values are left out.
  const known = values.filter(({ value }) => Number.isFinite(value));
  const dataPoints = known.map(({ value, labels }) => ({
    attributes: attributesOf(labels),
    timeUnixNano: now,
    asDouble: value,
  }));
  if (kind === 'gauge') return { name, description, gauge: { dataPoints } };
  if (kind !== 'counter') return undefined;
  const sums = dataPoints.map((point) => ({ ...point, startTimeUnixNano: startedAt }));
  return {
    name,
    description,
    sum: { dataPoints: sums, aggregationTemporality: cumulative, isMonotonic: true },
  };
}

/** prom-client has a cumulative value per bucket; OTLP has one point with separate counts. */
function histogramPoints(name: string, values: PromMetric['values'], now: string): HistogramPoint[] {
  const series = new Map<
    string,
    { labels: Record<string, string | number>; buckets: [number, number][]; sum: number }
  >();
  for (const { metricName, value, labels } of values) {
    const { le, ...rest } = labels as Record<string, string | number>;
    const key = JSON.stringify(rest);
    const found = series.get(key) ?? { labels: rest, buckets: [], sum: 0 };
    series.set(key, found);
    if (metricName === `${name}_bucket`) found.buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
    if (metricName === `${name}_sum`) found.sum = value;
  }
  return [...series.values()].map(({ labels, buckets, sum }) => {
    buckets.sort(([a], [b]) => a - b);
    const counts = buckets.map(([, count], index) => count - (buckets[index - 1]?.[1] ?? 0));
    return {
      attributes: attributesOf(labels),
      timeUnixNano: now,
      startTimeUnixNano: startedAt,
      count: String(buckets.at(-1)?.[1] ?? 0),
      sum,
      bucketCounts: counts.map(String),
      explicitBounds: buckets.map(([bound]) => bound).filter(Number.isFinite),
    };
  });
}
