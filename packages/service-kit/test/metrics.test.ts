import { Counter } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceUnderTest, serviceUnderTest } from './service-under-test.ts';

let service: ServiceUnderTest;

beforeAll(async () => {
  service = await serviceUnderTest();
  service.app.get('/items/:sku', async () => ({}));
});

afterAll(() => service.app.close());

const metrics = async () => (await service.app.inject('/metrics')).body;

describe('/metrics', () => {
  it('counts and times requests by method, route and status', async () => {
    const began = performance.now();
    await service.app.inject('/items/a');
    await service.app.inject('/items/b');
    const tookSeconds = (performance.now() - began) / 1000;
    const text = await metrics();
    expect(text).toContain(
      'http_request_duration_seconds_count{method="GET",route="/items/:sku",status="200"} 2',
    );
    const sum =
      /http_request_duration_seconds_sum\{method="GET",route="\/items\/:sku",status="200"\} (\S+)/.exec(text);
    expect(Number(sum?.[1])).toBeGreaterThan(0);
    expect(Number(sum?.[1])).toBeLessThan(tookSeconds);
  });

  it('has one series for all unknown routes', async () => {
    for (let count = 0; count < 20; count += 1) await service.app.inject(`/unknown-${count}`);
    const text = await metrics();
    expect(text).toContain(
      'http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 20',
    );
    expect(text).not.toContain('unknown-');
  });

  it('is found by no other spelling of its path, so that a proxy can keep it inside', async () => {
    const other = await serviceUnderTest({ basePath: { path: '/auth', setting: 'ISSUER' } });
    for (const path of ['/%6detrics', '/metric%73', '/auth/metrics'])
      expect((await other.app.inject(path)).statusCode, path).toBe(404);
    expect((await other.app.inject('/metrics?x')).statusCode).toBe(200);
    await other.app.close();
  });

  it('has the figures of the process', async () => {
    expect(await metrics()).toMatch(/process_resident_memory_bytes \d+/);
  });

  it('shows the metrics that a service registers, separately from every other service', async () => {
    new Counter({ name: 'carts_total', help: 'carts', registers: [service.app.metrics] }).inc(3);
    expect(await metrics()).toContain('carts_total 3');
    const other = await serviceUnderTest();
    expect((await other.app.inject('/metrics')).body).not.toContain('carts_total');
    await other.app.close();
  });
});
