import { expect, test } from 'vitest';
import { storefront } from '../storefront-fixture.ts';

async function report(payload: string) {
  const app = await storefront({ DEMO: 'true' });
  const headers = { 'content-type': 'application/json' };
  return await app.inject({ method: 'POST', url: '/v1/traces', headers, payload });
}

const withSpan = (span: object) => ({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

test.each([
  null,
  5,
  [],
  { resourceSpans: 5 },
  { resourceSpans: [null] },
  { resourceSpans: [{ resource: { attributes: 'service.name' } }] },
  { resourceSpans: [{ scopeSpans: {} }] },
  { resourceSpans: [{ scopeSpans: [{ spans: ['GET /cart'] }] }] },
  withSpan({ spanId: ids.spanId, kind: 2 }),
  withSpan({ ...ids, kind: 'server' }),
  withSpan({ ...ids, kind: 2, startTimeUnixNano: 'yesterday' }),
  withSpan({ ...ids, kind: 2, attributes: [null] }),
  withSpan({ ...ids, kind: 2, attributes: [{ key: 'code', value: { stringValue: 5 } }] }),
])('%j is no report of spans', async (body) => {
  const answer = await report(JSON.stringify(body));
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request']);
});

test.each([
  {},
  { resourceSpans: [] },
  { resourceSpans: [{}] },
  { resourceSpans: [{ scopeSpans: [{ scope: { name: 'another library' } }], schemaUrl: '' }] },
  withSpan(ids),
  withSpan({
    ...ids,
    kind: 2,
    flags: 257,
    events: [],
    attributes: [{ key: 'list', value: { arrayValue: {} } }],
  }),
])('%j is one, despite further and missing members', async (body) => {
  expect((await report(JSON.stringify(body))).statusCode).toBe(200);
});
