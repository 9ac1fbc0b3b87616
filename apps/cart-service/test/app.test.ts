import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type CartFixture, startCartService, tea } from './cart-fixture.ts';

type Operation = {
  security?: Record<string, string[]>[];
  summary?: string;
  responses: Record<string, { content?: Record<string, unknown> }>;
  requestBody?: unknown;
};
const scopeOf = (name: string) => {
  if (name.includes('/checkouts/')) return 'cart:checkout';
  return name.startsWith('get ') ? 'cart:read' : 'cart:write';
};
type OpenApi = { openapi: string; paths: Record<string, Record<string, Operation>> };

describe('the OpenAPI document', () => {
  let service: CartFixture;
  let operations: [string, Operation][];

  beforeAll(async () => {
    service = await startCartService();
    const { body } = await service.call<OpenApi>('/docs/json', { token: '' });
    expect(body.openapi).toMatch(/^3\.1/);
    // The keys are public: no scope, nothing to refuse.
    const { '/.well-known/jwks.json': _keys, ...paths } = body.paths;
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [
        `${method} ${path}`,
        operation,
      ]),
    );
  });
  afterAll(() => service.close());

  it('has every route', () => {
    expect(operations.map(([name]) => name).sort()).toEqual([
      'delete /cart',
      'delete /cart/items/{sku}',
      'get /cart',
      'patch /cart/items/{sku}',
      'post /cart/checkouts/{id}/complete',
      'post /cart/checkouts/{id}/release',
      'post /cart/items',
      'put /cart/checkouts/{id}',
    ]);
  });

  it('says of each which scope it needs and how it can fail', () => {
    for (const [name, { security, summary, responses, requestBody }] of operations) {
      expect(summary, name).toBeTruthy();
      expect(security, name).toEqual([{ bearer: [scopeOf(name)] }]);
      const problems = ['401', '403', '500', '503', ...(requestBody ? ['400', '413', '415'] : [])];
      expect(Object.keys(responses), name).toEqual(expect.arrayContaining(problems));
      for (const status of problems) {
        expect(Object.keys(responses[status]?.content ?? {}), `${name} ${status}`).toEqual([
          'application/problem+json',
        ]);
      }
      expect(
        Object.keys(responses).some((status) => status.startsWith('2')),
        name,
      ).toBe(true);
    }
  });
});

test('the service starts without the issuer, and is ready once the keys are there', async () => {
  const nobody = await startNetworkLink('http://127.0.0.1:1/.well-known/jwks.json');
  const service = await startCartService({ jwksUri: nobody.url });
  expect((await service.call('/live', { token: '' })).status).toBe(200);
  // Its own key may still be in the making.
  await eventually('the service says that it has no keys yet', async () =>
    expect((await service.call('/ready', { token: '' })).body).toMatchObject({
      status: 503,
      failing: ['keys and revocations'],
    }),
  );
  const refused = await service.call('/cart');
  expect(refused.body).toMatchObject({ status: 503, code: 'key_set_unavailable' });
  expect(refused.headers['retry-after']).toBeDefined();

  await nobody.restore(service.issuer.jwksUri);
  await eventually('the service is ready', async () =>
    expect((await service.call('/ready', { token: '' })).status).toBe(200),
  );
  expect((await service.call('/cart')).status).toBe(200);
  const metrics = await service.app.inject('/metrics');
  expect(metrics.body).toContain('readiness_warning{name="feed_silent"} 0');
  await service.close();
  await nobody.close();
});

test('a database that goes away is a 503, and all is well when it is back', async () => {
  const database = await createTestDatabase();
  const link = await startNetworkLink(database.url);
  const service = await startCartService({ databaseUrl: link.url });
  const ready = async () => (await service.call('/ready', { token: '' })).status;
  await eventually('the service is ready', async () => expect(await ready()).toBe(200));
  await service.add(tea);
  const before = await service.cart();

  await link.cut();
  for (const attempt of [
    service.call('/cart'),
    service.add(tea),
    service.call('/cart', { method: 'DELETE' }),
  ]) {
    const reply = await attempt;
    expect(reply.body).toMatchObject({ status: 503, code: 'database_unavailable' });
    expect(reply.headers['retry-after']).toBe('1');
    expect(reply.text).not.toMatch(/127\.0\.0\.1|select|insert|ECONN/);
  }
  expect((await service.call('/ready', { token: '' })).body).toMatchObject({
    status: 503,
    failing: ['postgres'],
  });

  await link.restore();
  await eventually('the service is ready', async () =>
    expect((await service.call('/ready', { token: '' })).status).toBe(200),
  );
  expect(await service.cart()).toEqual(before);
  expect((await service.add(tea)).status).toBe(200);
  await service.close();
  await link.close();
  await database.drop();
});
