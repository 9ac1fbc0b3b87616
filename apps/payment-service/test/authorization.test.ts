import { randomUUID } from 'node:crypto';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowCounts } from './ledger.ts';
import { euros, goodCard, type PaymentFixture, startPaymentService } from './payment-fixture.ts';

let service: PaymentFixture;
let stranger: TestIssuer;
let paymentId: string;
beforeAll(async () => {
  service = await startPaymentService();
  stranger = await createTestIssuer({ issuer: service.issuer.issuer, audience: 'payment-service' });
  paymentId = (await service.pay()).body.id ?? '';
});
afterAll(async () => {
  await stranger.close();
  await service.close();
});

type Route = [method: 'GET' | 'POST', path: string, scopes: [string, ...string[]], body?: () => unknown];

const routes: Route[] = [
  ['POST', '/payments', ['payment:write'], () => ({ amount: euros(1), card: goodCard })],
  ['GET', '/payments', ['payment:read']],
  ['GET', '/payments/:id', ['payment:read', 'payment:refund']],
  ['POST', '/payments/:id/refunds', ['payment:refund'], () => ({ amount: euros(1) })],
];

const everyScope =
  'cart:read cart:write wishlist:read wishlist:write payment:read payment:write payment:refund accounts:manage keys:manage';

function request(route: Route, token: string) {
  const [method, path, _scopes, body] = route;
  return service.call(path.replace(':id', paymentId), {
    method,
    token,
    key: randomUUID(),
    ...(body && { body: body() }),
  });
}

const badTokens: [string, () => string][] = [
  [
    'of another service',
    () => service.issuer.mint({ subject: 'ada', audience: 'cart-service', scope: everyScope }),
  ],
  ['that expired', () => service.issuer.expired({ subject: 'ada', scope: everyScope })],
  ['of another issuer’s key', () => stranger.mint({ subject: 'ada', scope: everyScope })],
  ['without a subject', () => service.issuer.mint({ scope: everyScope, claims: { sub: undefined } })],
  ['that is none', () => 'nonsense'],
];

test.each(routes)('%s %s without a token: 401 and a bare challenge', async (...route) => {
  const before = await rowCounts(service.database.db);
  const reply = await request(route, '');
  expect(reply.status).toBe(401);
  expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer (?!.*error)/);
  expect(await rowCounts(service.database.db)).toEqual(before);
});

test.each(
  routes.flatMap((route) =>
    badTokens.map(([what, token]) => ({ route, what, token, name: `${route[0]} ${route[1]}` })),
  ),
)('$name with a token $what: 401 invalid_token', async ({ route, token }) => {
  const before = await rowCounts(service.database.db);
  const reply = await request(route, token());
  expect(reply.status).toBe(401);
  expect(reply.headers.get('www-authenticate')).toContain('error="invalid_token"');
  expect(await rowCounts(service.database.db)).toEqual(before);
});

test.each(routes)('%s %s needs its scope, and no other will do', async (...route) => {
  const scopes = everyScope.split(' ').filter((scope) => !route[2].includes(scope));
  const before = await rowCounts(service.database.db);
  for (const scope of [scopes.join(' '), undefined]) {
    const reply = await request(route, service.issuer.mint({ subject: 'ada', ...(scope && { scope }) }));
    expect([reply.status, reply.body.code]).toEqual([403, 'insufficient_scope']);
    expect(reply.headers.get('www-authenticate')).toContain(`scope="${route[2][0]}"`);
  }
  expect(await rowCounts(service.database.db)).toEqual(before);
});

test.each(routes)('%s %s is done with its scope alone', async (...route) => {
  service.carts.hold('ada', euros(1));
  for (const scope of route[2]) {
    const reply = await request(route, service.issuer.mint({ subject: 'ada', scope }));
    expect([200, 201]).toContain(reply.status);
  }
});

test('a customer cannot refund, not even their own payment', async () => {
  const reply = await service.refund(paymentId, { token: service.customer() });
  expect(reply.status).toBe(403);
});
