import { createTestIssuer } from '@latchkey/auth-client/testing';
import { forThisFile } from '@latchkey/testing';
import {
  type ContractRoute,
  type ContractService,
  describeAuthorization,
  sendBy,
} from '@latchkey/testing/service-contract';
import { expect, test } from 'vitest';
import { cup, startCartService, tea } from './cart-fixture.ts';

const service = await forThisFile(startCartService());
const stranger = await forThisFile(
  createTestIssuer({ issuer: service.issuer.issuer, audience: 'cart-service' }),
);
await service.add(tea);

const routes: ContractRoute[] = [
  { method: 'GET', path: '/cart', scopes: ['cart:read'], status: 200 },
  { method: 'POST', path: '/cart/items', scopes: ['cart:write'], body: cup, status: 201 },
  { method: 'PATCH', path: '/cart/items/tea', scopes: ['cart:write'], body: { quantity: 9 }, status: 200 },
  { method: 'DELETE', path: '/cart/items/tea', scopes: ['cart:write'], status: 204 },
  { method: 'DELETE', path: '/cart', scopes: ['cart:write'], status: 204 },
];

const contract = (): ContractService => ({
  issuer: service.issuer,
  stranger,
  stored: service.stored,
  prepare: async (subject) => void (await service.add(tea, { token: service.tokenOf(subject) })),
  send: sendBy(service.call),
});
describeAuthorization(routes, { otherAudience: 'payment-service' }, contract);

test('nobody can see or change another person’s cart', async () => {
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

test('the currency of another person’s cart makes no difference', async () => {
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
