import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type CartFixture, cup, startCartService, tea } from './cart-fixture.ts';

let service: CartFixture;
let stranger: TestIssuer;

beforeAll(async () => {
  service = await startCartService();
  stranger = await createTestIssuer({ issuer: service.issuer.issuer, audience: 'cart-service' });
  await service.add(tea);
});
afterAll(async () => {
  await stranger.close();
  await service.close();
});

const everyScope =
  'cart:read cart:write wishlist:read wishlist:write payment:read payment:write payment:refund accounts:manage keys:manage';

const routes = [
  ['GET', '/cart', 'cart:read', undefined],
  ['POST', '/cart/items', 'cart:write', cup],
  ['PATCH', '/cart/items/tea', 'cart:write', { quantity: 9 }],
  ['DELETE', '/cart/items/tea', 'cart:write', undefined],
  ['DELETE', '/cart', 'cart:write', undefined],
] as const;

const badTokens: [string, () => string][] = [
  [
    'of another service',
    () => service.issuer.mint({ subject: 'ada', audience: 'payment-service', scope: everyScope }),
  ],
  ['that expired', () => service.issuer.expired({ subject: 'ada', scope: everyScope })],
  ['signed with another key', () => stranger.mint({ subject: 'ada', scope: everyScope })],
  ['without a subject', () => service.issuer.mint({ scope: everyScope, claims: { sub: undefined } })],
  ['that is none', () => 'nonsense'],
];

describe.each(routes)('%s %s', (method, path, scope, body) => {
  const request = (token: string) => service.call(path, { method, token, ...(body && { body }) });

  it('without a token: 401 and a bare challenge', async () => {
    const before = await service.stored();
    const reply = await request('');
    expect(reply.status).toBe(401);
    expect(reply.headers['content-type']).toContain('application/problem+json');
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer (?!.*error)/);
    expect(await service.stored()).toEqual(before);
  });

  it.each(badTokens)('with a token %s: 401 invalid_token', async (_what, token) => {
    const before = await service.stored();
    const reply = await request(token());
    expect(reply.body).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(await service.stored()).toEqual(before);
  });

  it('needs its scope, and no other will do', async () => {
    const before = await service.stored();
    const others = everyScope.split(' ').filter((other) => other !== scope);
    for (const token of [service.tokenOf('ada', others.join(' ')), service.issuer.mint({ subject: 'ada' })]) {
      const reply = await request(token);
      expect(reply.body).toMatchObject({ status: 403, code: 'insufficient_scope' });
      expect(reply.headers['www-authenticate']).toContain(`scope="${scope}"`);
    }
    expect(await service.stored()).toEqual(before);
  });

  it('answers before it looks at the body', async () => {
    const reply = await service.call(path, { method, token: '', body: '{"malformed' });
    expect(reply.status).toBe(401);
  });
});

test('each route is done with its scope alone', async () => {
  for (const [method, path, scope, body] of routes) {
    const reply = await service.call(path, {
      method,
      token: service.tokenOf('eve', scope),
      ...(body && { body }),
    });
    expect([200, 201, 204, 404]).toContain(reply.status);
  }
});

test('nobody sees or touches another’s cart', async () => {
  const [ada, bob] = [service.tokenOf('ada2'), service.tokenOf('bob2')];
  await service.add(tea, { token: ada });
  await service.add({ ...tea, quantity: 9 }, { token: bob });
  await service.add(cup, { token: bob });
  const before = await service.cart(ada);
  expect(before.items).toMatchObject([{ sku: 'tea', quantity: 2 }]);

  await service.call('/cart/items/tea', { method: 'PATCH', body: { quantity: 5 }, token: bob });
  await service.call('/cart/items/tea', { method: 'DELETE', token: bob });
  expect(
    (await service.call('/cart/items/cup', { method: 'PATCH', body: { quantity: 1 }, token: ada })).status,
  ).toBe(404);
  await service.call('/cart', { method: 'DELETE', token: bob });
  expect(await service.cart(ada)).toEqual(before);
  expect((await service.cart(bob)).items).toEqual([]);
});

test('another currency in another’s cart is nobody’s business', async () => {
  await service.add(tea, { token: service.tokenOf('ada3') });
  const yen = { ...tea, unit_price: { amount: 1, currency: 'JPY' } };
  expect((await service.add(yen, { token: service.tokenOf('bob3') })).status).toBe(201);
});

test('no token is in the log', async () => {
  const token = service.tokenOf('ada');
  await service.call(`/cart?access_token=${token}`, { token: 'nonsense' });
  await service.call(`/${token}`, { token });
  expect(service.log()).toContain('request refused');
  expect(service.log()).not.toMatch(/eyJ/);
});
