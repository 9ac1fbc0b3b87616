import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OtlpLogRecord, OtlpMetric, OtlpSpan } from '../../src/telemetry/otlp.ts';

const program = fileURLToPath(new URL('../fixtures/traced-service.ts', import.meta.url));
const running = new Set<ChildProcess>();

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let collector: Server;
let received: { path: string; headers: IncomingHttpHeaders; body: Record<string, unknown> }[];
let answerStatus: number;
beforeAll(async () => {
  database = await createTestDatabase();
  collector = createServer(async (request, response) => {
    const { url: path = '', headers } = request;
    const bytes = await buffer(request);
    const text = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    received.push({ path, headers, body: JSON.parse(String(text)) });
    response.writeHead(answerStatus, { location: `${collectorUrl()}/led-astray` }).end('{}');
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

const collectorUrl = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

function reporting(env: NodeJS.ProcessEnv = {}) {
  return start({ OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl(), OTEL_SERVICE_NAME: 'traced', ...env });
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
    const shown = await (await fetch(`${service.url}/metrics`)).text();
    expect(shown).toMatch(/telemetry_dropped_total\{kind="spans"\} 1\n/);
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
      '{"stringValue":"metrics"}': 1,
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

describe('a service with more of the standard variables', () => {
  it('reports each signal to its own address, compressed, with the headers that are asked for', async () => {
    const service = await reporting({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of-all,x-tenant=shop',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collectorUrl()}/elsewhere?kind=traces`,
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Bearer%20of-traces',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=a%20place,service.name=not this one',
    });
    await fetch(`${service.url}/counted`);
    await service.stop();
    const sent = received.map(
      ({ path, headers }) => `${path} ${headers.authorization} ${headers['x-tenant']}`,
    );
    expect(new Set(sent)).toEqual(
      new Set(['/elsewhere?kind=traces Bearer of-traces shop', '/v1/metrics Bearer of-all shop']),
    );
    expect(received.every(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true);
    const [report] = received.flatMap(({ body }) => Object.values(body).flat()) as Reports<unknown>[];
    expect(report?.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'deployment.environment.name', value: { stringValue: 'a place' } },
        { key: 'service.name', value: { stringValue: 'traced' } },
      ]),
    );
  });

  it('follows no redirect: the headers may hold a key', async () => {
    const service = await reporting({ OTEL_EXPORTER_OTLP_HEADERS: 'x-key=secret' });
    answerStatus = 307;
    await fetch(`${service.url}/counted`);
    await service.stop();
    expect(received.length).toBeGreaterThan(0);
    expect(received.map(({ path }) => path)).not.toContain('/led-astray');
  });

  it('records what the caller records, and of its own traces the share that is asked for', async () => {
    const service = await reporting({
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    await fetch(`${service.url}/counted`);
    await fetch(`${service.url}/inner`, { headers: { traceparent: traceparent.replace(/01$/, '00') } });
    await fetch(`${service.url}/outer/7`, { headers: { traceparent } });
    await service.stop();
    expect(
      spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['GET', 'GET /inner', 'GET /outer/:id', 'postgres select']);
  });

  it('passes on that a trace which begins here is recorded', async () => {
    const service = await reporting();
    const { headers } = await fetch(`${service.url}/counted`);
    await service.stop();
    expect(headers.get('traceparent')).toMatch(/-01$/);
  });

  it('reports nothing with OTEL_SDK_DISABLED', async () => {
    const service = await reporting({ OTEL_SDK_DISABLED: 'true' });
    await fetch(`${service.url}/counted`);
    await service.stop();
    expect(received).toEqual([]);
  });

  it.each([
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { OTEL_EXPORTER_OTLP_HEADERS: 'authorization' },
    { OTEL_TRACES_SAMPLER: 'xray' },
    { OTEL_TRACES_SAMPLER_ARG: '2' },
    { OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/ssl/ca.pem' },
  ])('does not start with %o', async (env) => {
    const { child, output } = await reporting(env);
    if (child.exitCode === null) await once(child, 'close');
    expect(child.exitCode).toBe(1);
    expect(output()).toContain(Object.keys(env)[0]);
  });
});

describe('a service with SPANS_ENDPOINT', () => {
  const shown = () => ({ SPANS_ENDPOINT: collectorUrl(), OTEL_SERVICE_NAME: 'traced' });

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
