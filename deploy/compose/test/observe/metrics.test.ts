import { describe, expect, it } from 'vitest';
import { createMetrics, quantile } from '../../src/observe/metrics.ts';

const bounds = [0.01, 0.1, 1];

/** A report of all requests so far, by bucket. */
function report(route: string, counts: [number, number, number, number], { status = '200', cpu = 0 } = {}) {
  const attributes = Object.entries({ route, status }).map(([key, stringValue]) => ({
    key,
    value: { stringValue },
  }));
  const count = counts.reduce((sum, each) => sum + each, 0);
  const point = {
    attributes,
    count: String(count),
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
  };
  return [
    { name: 'http_request_duration_seconds', histogram: { dataPoints: [point] } },
    { name: 'process_cpu_seconds_total', sum: { dataPoints: [{ asDouble: cpu }] } },
  ];
}

describe('createMetrics', () => {
  it('computes rates from the last two reports of each replica, and adds replicas up', () => {
    let now = 0;
    const metrics = createMetrics(() => now);
    const add = (instance: string, ...rest: Parameters<typeof report>) =>
      metrics.add({ service: 'cart-service', instance }, report(...rest));
    add('one', '/cart', [100, 0, 0, 0], { cpu: 5 });
    add('two', '/cart', [0, 0, 0, 0]);
    now = 2000;
    add('one', '/cart', [100, 20, 0, 0], { cpu: 6 });
    add('two', '/cart', [20, 0, 0, 0], { status: '503', cpu: 1 });
    expect(metrics.list()).toMatchObject([
      { service: 'cart-service', instances: 2, requests_per_second: 20, errors_per_second: 10, cpu_cores: 1 },
    ]);
    expect(metrics.list()[0]?.p50_ms).toBeCloseTo(10);
    expect(metrics.list()[0]?.history).toEqual([20]);
  });

  it('leaves probes out', () => {
    let now = 0;
    const metrics = createMetrics(() => now);
    metrics.add({ service: 'a', instance: 'one' }, report('/ready', [0, 0, 0, 0]));
    now = 1000;
    metrics.add({ service: 'a', instance: 'one' }, report('/ready', [50, 0, 0, 0]));
    expect(metrics.list()).toMatchObject([{ requests_per_second: 0, p50_ms: null }]);
  });

  it('shows no negative rate after a restart, and forgets replicas that no longer report', () => {
    let now = 0;
    const metrics = createMetrics(() => now);
    metrics.add({ service: 'a', instance: 'one' }, report('/cart', [50, 0, 0, 0]));
    now = 1000;
    metrics.add({ service: 'a', instance: 'one' }, report('/cart', [0, 0, 0, 0]));
    expect(metrics.list()).toMatchObject([{ requests_per_second: 0 }]);
    now = 20_000;
    expect(metrics.list()).toEqual([]);
  });
});

describe('quantile', () => {
  it.each([
    [0.5, [10, 0, 0, 0], 5],
    [0.5, [5, 5, 0, 0], 10],
    [0.95, [0, 100, 0, 0], 95.5],
    [0.5, [0, 0, 0, 10], 1000],
  ])('%d of %j is %d ms', (q, buckets, expected) => {
    expect(quantile(q, bounds, buckets)).toBeCloseTo(expected);
  });

  it('is null without requests', () => {
    expect(quantile(0.5, bounds, [0, 0, 0, 0])).toBeNull();
  });
});
