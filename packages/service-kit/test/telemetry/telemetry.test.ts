import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OtlpLogRecord, OtlpMetric, OtlpSpan } from '../../src/telemetry/otlp.ts';

const program = fileURLToPath(new URL('../fixtures/traced-service.ts', import.meta.url));
const running = new Set<ChildProcess>();

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let collector: Server;
let received: { path: string; body: Record<string, unknown> }[];
let answerStatus: number;
beforeAll(async () => {
  database = await createTestDatabase();
  collector = createServer(async (request, response) => {
    received.push({ path: request.url ?? '', body: (await json(request)) as Record<string, unknown> });
    response.writeHead(answerStatus).end('{}');
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
});
afterAll(async () => {
  collector.close();
  collector.closeAllConnections();
  await database.drop();
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

async function start(env: NodeJS.ProcessEnv) {
  received = [];
  answerStatus = 200;
  const child = spawn(process.execPath, [program, database.url], {
    env: { PATH: process.env['PATH'], NODE_OPTIONS: process.env['NODE_OPTIONS'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const logged = async (text: string) => {
    await eventually(`"${text}" is logged`, () => {
      if (child.exitCode === null) expect(output).toContain(text);
    });
  };
  await logged('listening on');
  const url = /listening on (http:\S+?)"/.exec(output)?.[1] ?? '';
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
  };
  return { url, stop, logged, output: () => output, child };
}

function reporting() {
  const { port } = collector.address() as AddressInfo;
  return start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_SERVICE_NAME: 'traced' });
}

type Reports<T> = { resource: { attributes: unknown[] } } & Record<string, Record<string, T[]>[]>;

function allOf<T>(path: string, [outer, inner, leaf]: [string, string, string]): T[] {
  return received
    .filter((report) => report.path === path)
    .flatMap(({ body }) => body[outer] as Reports<T>[])
    .flatMap((report) => report[inner] ?? [])
    .flatMap((scope) => scope[leaf] ?? []);
}
const spans = () => allOf<OtlpSpan>('/v1/traces', ['resourceSpans', 'scopeSpans', 'spans']);
const logs = () => allOf<OtlpLogRecord>('/v1/logs', ['resourceLogs', 'scopeLogs', 'logRecords']);
const metrics = () => allOf<OtlpMetric>('/v1/metrics', ['resourceMetrics', 'scopeMetrics', 'metrics']);

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a service with OTEL_EXPORTER_OTLP_ENDPOINT that has had requests', () => {
  let shownMetrics: string;
  beforeAll(async () => {
    const service = await reporting();
    await fetch(`${service.url}/outer/7?x=in-the-query`, { headers: { traceparent } });
    await fetch(`${service.url}/broken`);
    for (const path of ['/live', '/ready', '/metrics']) await fetch(service.url + path);
    for (let sent = 0; sent < 3; sent++) await fetch(`${service.url}/counted`);
    shownMetrics = await (await fetch(`${service.url}/metrics`)).text();
    await service.stop();
  });

  it('reports a request, what it took and what it called, as one trace', () => {
    const trace = spans().filter(({ traceId }) => traceId === '0af7651916cd43dd8448eb211c80319c');
    const named = Object.fromEntries(trace.map((span) => [`${span.name} ${span.kind}`, span]));
    expect(Object.keys(named).sort()).toEqual([
      'GET /inner 2',
      'GET /outer/:id 2',
      'GET 3',
      'postgres select 3',
    ]);
    const outer = named['GET /outer/:id 2'];
    expect(outer?.parentSpanId).toBe('b7ad6b7169203331');
    expect(named['postgres select 3']?.parentSpanId).toBe(outer?.spanId);
    expect(named['GET 3']?.parentSpanId).toBe(outer?.spanId);
    expect(named['GET /inner 2']?.parentSpanId).toBe(named['GET 3']?.spanId);
    for (const span of trace) {
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThan(BigInt(span.startTimeUnixNano));
      expect(Math.abs(Number(BigInt(span.startTimeUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    }
    expect(outer?.attributes).toContainEqual({
      key: 'http.response.status_code',
      value: { intValue: '200' },
    });
    expect(JSON.stringify(received)).not.toContain('in-the-query');
    expect(JSON.stringify(received)).not.toContain('a value');
  });

  it('marks a request that failed, and none for probes', () => {
    const served = spans().filter(({ kind }) => kind === 2);
    expect(served.map(({ name, status }) => [name, status.code]).toSorted()).toEqual([
      ['GET /broken', 2],
      ...Array.from({ length: 3 }, () => ['GET /counted', 0]),
      ['GET /inner', 0],
      ['GET /outer/:id', 0],
    ]);
  });

  it('reports log lines with their trace, and no token in them', () => {
    const line = logs().find(({ body }) => body.stringValue === 'on it');
    expect(line).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      severityNumber: 9,
      severityText: 'info',
    });
    expect(logs().map(({ body }) => body.stringValue)).toContain('stopping');
    expect(JSON.stringify(received)).not.toContain('rt1.');
  });

  it('reports its metrics as they are on /metrics', () => {
    const durations = metrics().findLast(({ name }) => name === 'http_request_duration_seconds');
    const points = durations && 'histogram' in durations ? durations.histogram.dataPoints : [];
    const point = points.find(({ attributes }) => JSON.stringify(attributes).includes('/counted'));
    expect(shownMetrics).toContain(
      'http_request_duration_seconds_count{method="GET",route="/counted",status="200"} 3',
    );
    expect(point?.count).toBe('3');
    expect(point?.bucketCounts.reduce((sum, count) => sum + Number(count), 0)).toBe(3);
    expect(point?.bucketCounts).toHaveLength((point?.explicitBounds.length ?? 0) + 1);
    expect(metrics().some((metric) => metric.name === 'process_cpu_seconds_total' && 'sum' in metric)).toBe(
      true,
    );
    expect(
      metrics().some((metric) => metric.name === 'process_resident_memory_bytes' && 'gauge' in metric),
    ).toBe(true);
  });

  it('says who reports', () => {
    const [report] = received.flatMap(({ body }) => Object.values(body).flat()) as Reports<unknown>[];
    expect(report?.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'traced' },
    });
    expect(JSON.stringify(report?.resource.attributes)).toContain('service.instance.id');
  });
});

describe('a service with OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  it('serves on, and stops in time, when the collector refuses', async () => {
    const service = await reporting();
    answerStatus = 500;
    expect((await fetch(`${service.url}/inner`)).status).toBe(200);
    await service.stop();
    // Exit code 1 would mean that the service gave up on it.
    expect(service.child.exitCode).toBe(0);
  });

  it('reports how much it could not deliver, once it can', async () => {
    const service = await reporting();
    const before = received.length;
    answerStatus = 500;
    await fetch(`${service.url}/inner`);
    await service.logged('telemetry is not taken');
    await eventually('spans and log lines were refused', () =>
      expect(received.slice(before).map(({ path }) => path)).toEqual(
        expect.arrayContaining(['/v1/traces', '/v1/logs']),
      ),
    );
    answerStatus = 200;
    await service.stop();
    const dropped = metrics().findLast(({ name }) => name === 'telemetry_dropped_total');
    const points = dropped && 'sum' in dropped ? dropped.sum.dataPoints : [];
    const counts = Object.fromEntries(
      points.map(({ attributes, asDouble }) => [JSON.stringify(attributes[0]?.value), asDouble]),
    );
    expect(counts).toEqual({
      '{"stringValue":"spans"}': 1,
      '{"stringValue":"log_lines"}': expect.any(Number),
    });
    expect(counts['{"stringValue":"log_lines"}']).toBeGreaterThan(0);
  });

  it('does not start when that is no URL', async () => {
    const { child, output } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' });
    if (child.exitCode === null) await once(child, 'close');
    expect(child.exitCode).toBe(1);
    expect(output()).toContain('OTEL_EXPORTER_OTLP_ENDPOINT is not valid');
  });
});

describe('a service with SPANS_ENDPOINT', () => {
  const shown = () => {
    const { port } = collector.address() as AddressInfo;
    return { SPANS_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_SERVICE_NAME: 'traced' };
  };

  it('sends its spans while it runs, and nothing else', async () => {
    const service = await start(shown());
    await fetch(`${service.url}/outer/7`, { headers: { traceparent } });
    await eventually('the span is delivered', () =>
      expect(spans().map(({ name }) => name)).toContain('GET /outer/:id'),
    );
    await service.stop();
    expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
  });

  it('reports to a collector, too, if there is one, and serves on and stops in time when that is gone', async () => {
    const gone = 'http://127.0.0.1:1';
    const service = await start({ ...shown(), OTEL_EXPORTER_OTLP_ENDPOINT: gone });
    expect((await fetch(`${service.url}/inner`)).status).toBe(200);
    await service.logged('telemetry is not taken');
    await service.stop();
    expect(service.child.exitCode).toBe(0);
    expect(spans().map(({ name }) => name)).toContain('GET /inner');
  });

  it('does not start when that is no URL', async () => {
    const { child, output } = await start({ SPANS_ENDPOINT: 'storefront' });
    if (child.exitCode === null) await once(child, 'close');
    expect(output()).toContain('SPANS_ENDPOINT is not valid');
  });
});

describe('a service with neither', () => {
  it('has no listeners for its events', async () => {
    const service = await start({});
    expect(await (await fetch(`${service.url}/cost`)).json()).toEqual({ listened_to: false });
    await service.stop();
    expect(received).toEqual([]);
  });
});
