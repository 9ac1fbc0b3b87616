import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { host, storefront } from '../storefront-fixture.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

/** OTLP in the form that a service sends. */
function report(id: string, attributes: object[] = []) {
  const span = {
    traceId: id,
    spanId: 'b7ad6b7169203331',
    parentSpanId: '00f067aa0ba902b7',
    name: 'GET /cart',
    kind: 2,
    startTimeUnixNano: '1800000000000500000',
    endTimeUnixNano: '1800000000002750000',
    attributes: [{ key: 'http.response.status_code', value: { intValue: '200' } }, ...attributes],
    status: { code: 0 },
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'cart-service' } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span, { ...span, kind: 1 }] }] }] };
}

test('a service’s report reaches only the page to which its trace belongs', async () => {
  const app = await storefront({ DEMO: 'true' });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const send = (id: string) =>
    fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(report(id, [{ key: 'latchkey.token.kid', value: { stringValue: 'k1' } }])),
    });
  expect((await send(traceId)).status).toBe(200);
  expect((await send(`ffffffffffffffff${traceId.slice(16)}`)).status).toBe(200);

  // inject cannot read an endless answer, and fetch cannot set Host.
  const { promise, resolve } = Promise.withResolvers<string>();
  const asked = request(`${url}/demo/spans?trace_prefix=${traceId.slice(0, 16)}`, {
    headers: host,
  });
  onTestFinished(() => void asked.destroy());
  asked.on('response', (response) => {
    let text = '';
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      // A comment comes first.
      if (text.startsWith(':\n\n') && text.endsWith('}\n\n')) resolve(text.slice(3));
    });
  });
  asked.end();
  const [, event, data = ''] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(await promise) ?? [];
  expect(event).toBe('span');
  expect(JSON.parse(data)).toEqual({
    trace_id: traceId,
    span_id: 'b7ad6b7169203331',
    parent_span_id: '00f067aa0ba902b7',
    service: 'cart-service',
    kind: 'server',
    name: 'GET /cart',
    start_ms: 1_800_000_000_000.5,
    duration_ms: 2.25,
    status: 200,
    attributes: { 'latchkey.token.kid': 'k1' },
  });
});

test('no page of any site may report', async () => {
  const app = await storefront({ DEMO: 'true' });
  for (const headers of [{ origin: 'http://localhost:3000' }, { 'sec-fetch-site': 'same-origin' }]) {
    const answer = await app.inject({ method: 'POST', url: '/v1/traces', headers, payload: report(traceId) });
    expect(answer.statusCode).toBe(403);
  }
});

test.each(['0af7651916cd43d', `${traceId}`, 'not-hex-not-hex-'])(
  '%j is no beginning of trace ids',
  async (prefix) => {
    const app = await storefront({ DEMO: 'true' });
    const answer = await app.inject({ url: `/demo/spans?trace_prefix=${prefix}`, headers: host });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request']);
  },
);
