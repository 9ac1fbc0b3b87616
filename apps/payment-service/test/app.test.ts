import { eventually, forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { openPaymentDatabase } from '../src/database/open-payment-database.ts';
import { startPaymentService } from './payment-fixture.ts';

const service = await forThisFile(startPaymentService());

test('it is ready when it has the database and the issuer’s keys', async () => {
  await eventually('every check passes', async () => {
    const { status, text } = await service.call('/ready', { token: '' });
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { status: 'ready', checks: ['postgres', 'identity', 'keys and revocations'] },
    ]);
  });
});

test('without the issuer’s keys it is not ready, and says so', async () => {
  const config = readConfig({ ...service.env, JWKS_URI: 'http://127.0.0.1:1/jwks.json' });
  const app = await buildApp({
    config,
    database: await openPaymentDatabase(config),
    logDestination: { write: () => undefined },
  });
  try {
    // The service may not have made its own key yet.
    await eventually('payment-service says that it has no keys yet', async () =>
      expect((await app.inject('/ready')).json()).toMatchObject({
        status: 503,
        failing: ['keys and revocations'],
      }),
    );
    const payments = await app.inject({
      url: '/payments',
      headers: { authorization: `Bearer ${service.customer()}` },
    });
    expect([payments.statusCode, payments.headers['retry-after']]).toEqual([503, expect.any(String)]);
  } finally {
    await app.close();
  }
});

type Operation = {
  security?: unknown;
  summary?: string;
  responses: Record<string, { content?: Record<string, unknown> }>;
};

test('the OpenAPI document declares each status, each error as a problem, and the scope of each route', async () => {
  const { text } = await service.call('/docs/json', { token: '' });
  // The keys are public, so no scope is required and nothing can be refused.
  const { '/.well-known/jwks.json': _keys, ...paths } = (
    JSON.parse(text) as { paths: Record<string, Record<string, Operation>> }
  ).paths;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  );
  const declared = operations.map(([name, { responses }]) => [name, Object.keys(responses).join(' ')]);
  expect(Object.fromEntries(declared)).toEqual({
    'post /payments': '201 202 400 401 403 409 422 500 502 503 504',
    'get /payments': '200 400 401 403 500 503',
    'get /payments/{id}': '200 400 401 403 404 500 503',
    'post /payments/{id}/refunds': '201 202 400 401 403 404 409 422 500 503',
  });
  for (const [name, { responses, security, summary }] of operations) {
    expect(summary, name).toBeTruthy();
    expect(JSON.stringify(security), name).toContain('payment:');
    for (const [status, response] of Object.entries(responses)) {
      const expected = Number(status) >= 400 ? 'application/problem+json' : 'application/json';
      expect(Object.keys(response.content ?? {}), `${name} ${status}`).toEqual([expected]);
    }
  }
});

test('request id and trace go through', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { headers } = await service.pay({ headers: { traceparent, 'x-request-id': 'request-77' } });
  expect(headers.get('x-request-id')).toBe('request-77');
  expect(headers.get('traceparent')).toContain('0af7651916cd43dd8448eb211c80319c');
  expect(service.logs()).toMatch(
    /"request_id":"request-77".*"trace_id":"0af7651916cd43dd8448eb211c80319c".*payment answered/,
  );
});

test('methods that do not exist answer 405', async () => {
  expect((await service.call('/payments', { method: 'DELETE' })).status).toBe(405);
});
