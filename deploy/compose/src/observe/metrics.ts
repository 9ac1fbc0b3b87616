import type { HistogramPoint, Metric, NumberPoint, Source } from '@latchkey/service-kit/otlp';
import { plain } from '@latchkey/service-kit/otlp';

export type ServiceFigures = {
  readonly service: string;
  /** Replicas that have reported within the last seconds. */
  readonly instances: number;
  readonly requests_per_second: number;
  readonly errors_per_second: number;
  /** 50 % and 95 % of the requests between the last two reports were faster; null when there were none. */
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  /** Cores in use: 1.5 is one and a half. */
  readonly cpu_cores: number;
  readonly memory_bytes: number;
  readonly event_loop_p99_ms: number;
  /** Spans and log lines that the services have dropped since they started. */
  readonly dropped: number;
  /** Requests per second at the last reports, oldest first. */
  readonly history: readonly number[];
};

type Reading = {
  readonly atMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly buckets: readonly number[];
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly eventLoopP99: number;
  readonly dropped: number;
};
type Instance = {
  service: string;
  before: Reading | undefined;
  now: Reading;
  bounds: readonly number[];
  history: number[];
};

const requests = 'http_request_duration_seconds';
const probes = new Set(['/live', '/ready', '/metrics']);
const staleMs = 15_000;
const historyLength = 60;

/** The current figures of each service, from the difference between the last two reports of each instance. */
export function createMetrics(clock: () => number = Date.now) {
  const instances = new Map<string, Instance>();

  return {
    add({ service, instance: id }: Source, metrics: readonly Metric[]): void {
      const { reading, bounds } = readingOf(metrics, clock());
      const known = instances.get(id);
      const instance: Instance = known ?? { service, before: undefined, now: reading, bounds, history: [] };
      if (known !== undefined) {
        instance.before = instance.now;
        instance.now = reading;
        instance.bounds = bounds;
        instance.history = [...instance.history, rate(instance, 'requests')].slice(-historyLength);
      }
      instances.set(id, instance);
    },

    list(): ServiceFigures[] {
      for (const [id, { now }] of instances) if (clock() - now.atMs > staleMs) instances.delete(id);
      const byService = Map.groupBy(instances.values(), ({ service }) => service);
      return [...byService]
        .map(([service, replicas]) => figuresOf(service, replicas))
        .sort((a, b) => (a.service < b.service ? -1 : 1));
    },
  };
}

function readingOf(
  metrics: readonly Metric[],
  atMs: number,
): { reading: Reading; bounds: readonly number[] } {
  const points = (metrics.find(({ name }) => name === requests)?.histogram?.dataPoints ?? []).filter(
    ({ attributes }) => !probes.has(String(plain(attributes)['route'])),
  );
  const failed = points.filter(({ attributes }) => Number(plain(attributes)['status']) >= 500);
  const bounds = points[0]?.explicitBounds ?? [];
  const reading = {
    atMs,
    requests: countOf(points),
    errors: countOf(failed),
    buckets: bounds
      .concat(Infinity)
      .map((_, index) => points.reduce((sum, point) => sum + Number(point.bucketCounts?.[index] ?? 0), 0)),
    cpuSeconds: latestOf(metrics, 'process_cpu_seconds_total'),
    memoryBytes: latestOf(metrics, 'process_resident_memory_bytes'),
    eventLoopP99: latestOf(metrics, 'nodejs_eventloop_lag_p99_seconds'),
    dropped: pointsOf(metrics, 'telemetry_dropped_total').reduce((sum, point) => sum + amountOf(point), 0),
  };
  return { reading, bounds };
}

function countOf(points: readonly HistogramPoint[]): number {
  return points.reduce((sum, { count }) => sum + Number(count ?? 0), 0);
}

function latestOf(metrics: readonly Metric[], name: string): number {
  const [point] = pointsOf(metrics, name);
  return point === undefined ? 0 : amountOf(point);
}

function pointsOf(metrics: readonly Metric[], name: string): readonly NumberPoint[] {
  const metric = metrics.find((each) => each.name === name);
  return (metric?.gauge ?? metric?.sum)?.dataPoints ?? [];
}

function amountOf({ asDouble, asInt }: NumberPoint): number {
  return Number(asDouble ?? asInt ?? 0);
}

/** Per second, between the last two reports. */
function rate({ before, now }: Instance, what: 'requests' | 'errors' | 'cpuSeconds'): number {
  if (before === undefined || now.atMs <= before.atMs) return 0;
  return Math.max(0, ((now[what] - before[what]) * 1000) / (now.atMs - before.atMs));
}

function figuresOf(service: string, replicas: readonly Instance[]): ServiceFigures {
  const sum = (of: (instance: Instance) => number) => replicas.reduce((total, each) => total + of(each), 0);
  const longest = Math.max(...replicas.map(({ history }) => history.length));
  const bounds = replicas.find((each) => each.bounds.length > 0)?.bounds ?? [];
  const buckets = bounds
    .concat(Infinity)
    .map((_, index) => sum(({ before, now }) => (now.buckets[index] ?? 0) - (before?.buckets[index] ?? 0)));
  return {
    service,
    instances: replicas.length,
    requests_per_second: sum((each) => rate(each, 'requests')),
    errors_per_second: sum((each) => rate(each, 'errors')),
    p50_ms: quantile(0.5, bounds, buckets),
    p95_ms: quantile(0.95, bounds, buckets),
    cpu_cores: sum((each) => rate(each, 'cpuSeconds')),
    memory_bytes: sum(({ now }) => now.memoryBytes),
    dropped: sum(({ now }) => now.dropped),
    event_loop_p99_ms: Math.max(...replicas.map(({ now }) => now.eventLoopP99)) * 1000,
    history: Array.from({ length: longest }, (_, index) =>
      sum(({ history }) => history.at(index - longest) ?? 0),
    ),
  };
}

/** Interpolates within the bucket, as Prometheus does. Returns milliseconds; bounds are in seconds. */
export function quantile(q: number, bounds: readonly number[], buckets: readonly number[]): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (count > 0 && below + count >= q * total) {
      const lower = bounds[index - 1] ?? 0;
      const upper = bounds[index];
      return (upper === undefined ? lower : lower + ((upper - lower) * (q * total - below)) / count) * 1000;
    }
    below += count;
  }
  return null;
}
