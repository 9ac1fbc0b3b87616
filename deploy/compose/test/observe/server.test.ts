import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShownLine } from '../../src/observe/logs.ts';
import { createObserver } from '../../src/observe/server.ts';
import type { ShownSpan, TraceSummary } from '../../src/observe/traces.ts';

let server: Server;
let url: string;
beforeEach(async () => {
  server = createObserver();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.close());

function post(path: string, body: unknown, type = 'application/json'): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(url + path, { method: 'POST', body: text, headers: { 'content-type': type } });
}

type Overview = { services: string[]; traces: TraceSummary[]; logs: ShownLine[] };
const overview = async () => (await (await fetch(`${url}/api/overview`)).json()) as Overview;
const traceOf = async (id: string) =>
  (await (await fetch(`${url}/api/traces/${id}`)).json()) as { spans: ShownSpan[]; logs: ShownLine[] };

const resource = (service: string) => ({
  attributes: [{ key: 'service.name', value: { stringValue: service } }],
});
const traceId = 'a'.repeat(32);
const nano = (ms: number) => String(BigInt(1_800_000_000_000 + ms) * 1_000_000n);

function span(id: string, parent: string | undefined, [from, to]: [number, number], rest: object = {}) {
  const times = { startTimeUnixNano: nano(from), endTimeUnixNano: nano(to) };
  return {
    traceId,
    spanId: id.repeat(16),
    ...(parent && { parentSpanId: parent.repeat(16) }),
    ...times,
    ...rest,
  };
}
const traces = (service: string, ...spans: unknown[]) => ({
  resourceSpans: [{ resource: resource(service), scopeSpans: [{ spans }] }],
});

describe('traces', () => {
  it('of several services are put together, in whichever order they arrive', async () => {
    await post(
      '/v1/traces',
      traces('cart-service', span('2', '1', [20, 70], { name: 'GET /cart', kind: 2 })),
    );
    const attributes = [{ key: 'http.response.status_code', value: { intValue: '201' } }];
    await post(
      '/v1/traces',
      traces('payment-service', span('1', 'f', [0, 100], { name: 'POST /payments', kind: 2, attributes })),
    );
    const [trace] = (await overview()).traces;
    expect(trace).toMatchObject({
      id: traceId,
      name: 'POST /payments',
      spans: 2,
      duration_ms: 100,
      failed: false,
      status: 201,
    });
    expect(trace?.services).toContain('cart-service');
    expect((await overview()).services).toContain('cart-service');
    const { spans } = await traceOf(traceId);
    expect(spans.map(({ service, name, kind, duration_ms }) => [service, name, kind, duration_ms])).toEqual([
      ['payment-service', 'POST /payments', 'server', 100],
      ['cart-service', 'GET /cart', 'server', 50],
    ]);
  });

  it('with a span that failed are marked', async () => {
    await post('/v1/traces', traces('cart-service', span('1', undefined, [0, 1], { status: { code: 2 } })));
    expect((await overview()).traces).toMatchObject([{ failed: true }]);
  });

  it('are found by service, failure, and a part of their name or id', async () => {
    const found = async (query: string) =>
      ((await (await fetch(`${url}/api/overview?${query}`)).json()) as Overview).traces.map(({ id }) => id);
    const other = 'b'.repeat(32);
    await post('/v1/traces', traces('cart-service', span('1', undefined, [0, 1], { name: 'GET /cart' })));
    const failed = { traceId: other, name: 'POST /payments', status: { code: 2 } };
    await post('/v1/traces', traces('payment-service', span('2', undefined, [5, 6], failed)));
    expect(await found('')).toEqual([other, traceId]);
    expect(await found('trace_service=cart-service')).toEqual([traceId]);
    expect(await found('trace_failed=true')).toEqual([other]);
    expect(await found('trace_text=Payments')).toEqual([other]);
    expect(await found('trace_text=aaaa')).toEqual([traceId]);
  });
});

describe('log lines', () => {
  it('are shown newest first, and with their trace', async () => {
    const line = (text: string, rest: object = {}) => ({
      timeUnixNano: nano(0),
      severityNumber: 13,
      severityText: 'warn',
      body: { stringValue: text },
      ...rest,
    });
    const logRecords = [line('first', { traceId }), line('second')];
    await post('/v1/logs', {
      resourceLogs: [{ resource: resource('auth-service'), scopeLogs: [{ logRecords }] }],
    });
    expect((await overview()).logs.map(({ message, service, level }) => [message, service, level])).toEqual([
      ['second', 'auth-service', 'warn'],
      ['first', 'auth-service', 'warn'],
    ]);
    expect((await traceOf(traceId)).logs.map(({ message }) => message)).toEqual(['first']);
  });
});

describe('log lines that are asked for', () => {
  it('are found by service, severity and text', async () => {
    const records = [
      { severityNumber: 9, body: { stringValue: 'started' } },
      { severityNumber: 17, body: { stringValue: 'broken' } },
    ];
    for (const service of ['auth-service', 'cart-service']) {
      const scopeLogs = [{ logRecords: records }];
      await post('/v1/logs', { resourceLogs: [{ resource: resource(service), scopeLogs }] });
    }
    const query = 'log_service=cart-service&log_severity=13&log_text=BROK';
    const { logs } = (await (await fetch(`${url}/api/overview?${query}`)).json()) as Overview;
    expect(logs.map(({ service, message }) => [service, message])).toEqual([['cart-service', 'broken']]);
  });
});

describe('the server', () => {
  it('gives its page, without inline scripts', async () => {
    const answer = await fetch(url);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const html = await answer.text();
    expect(answer.headers.get('content-security-policy')).toContain('; img-src data:;');
    expect(html).toContain('<link rel="icon" href="data:," />');
    expect(html).not.toMatch(/<script>|style=|onclick/);
    for (const path of ['/page.js', '/page.css']) expect((await fetch(url + path)).status).toBe(200);
  });

  it.each([
    ['a broken report', '/v1/traces', '{', 'application/json', 400],
    ['a report that is no object', '/v1/traces', 'null', 'application/json', 400],
    ['protobuf', '/v1/traces', 'x', 'application/x-protobuf', 415],
    ['another path', '/v1/other', '{}', 'application/json', 404],
    ['a report without anything in it', '/v1/logs', '{}', 'application/json', 200],
    [
      'a report that is too long',
      '/v1/logs',
      JSON.stringify('x'.repeat(17_000_000)),
      'application/json',
      400,
    ],
  ])('answers %s, and goes on', async (_, path, body, type, status) => {
    expect((await post(path, body, type)).status).toBe(status);
    expect((await fetch(`${url}/api/overview`)).status).toBe(200);
  });

  it.each(['/../server.ts', '/page/index.html', '/api/traces/../x', '/etc/passwd'])(
    'does not give %s',
    async (path) => {
      expect((await fetch(url + path)).status).toBe(404);
    },
  );
});
