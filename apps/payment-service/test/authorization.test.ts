import { randomUUID } from 'node:crypto';
import { createTestIssuer, type TestIssuer } from '@latchkey/auth-client/testing';
import {
  type ContractRoute,
  type ContractService,
  describeAuthorization,
} from '@latchkey/testing/service-contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowCounts } from './ledger.ts';
import { euros, goodCard, type PaymentFixture, startPaymentService } from './payment-fixture.ts';

let service: PaymentFixture;
let stranger: TestIssuer;
let paymentId: string;
/** The payment that the routes ask about. */
let asked: string;

beforeAll(async () => {
  service = await startPaymentService();
  stranger = await createTestIssuer({ issuer: service.issuer.issuer, audience: 'payment-service' });
  paymentId = (await service.pay()).body.id ?? '';
  asked = paymentId;
});
afterAll(async () => {
  await stranger.close();
  await service.close();
});

const payment = { amount: euros(1), card: goodCard };
const routes: ContractRoute[] = [
  { method: 'POST', path: '/payments', scopes: ['payment:write'], body: payment, status: 201 },
  { method: 'GET', path: '/payments', scopes: ['payment:read'], status: 200 },
  { method: 'GET', path: '/payments/:id', scopes: ['payment:read', 'payment:refund'], status: 200 },
  {
    method: 'POST',
    path: '/payments/:id/refunds',
    scopes: ['payment:refund'],
    body: { amount: euros(1) },
    status: 201,
  },
];

const contract = (): ContractService => ({
  issuer: service.issuer,
  stranger,
  stored: () => rowCounts(service.database.db),
  prepare: async (subject) => {
    service.carts.hold(subject, euros(1));
    const token = service.issuer.mint({ subject, scope: 'payment:write' });
    asked = (await service.pay({ token, body: payment })).body.id ?? '';
    service.carts.hold(subject, euros(1));
  },
  send: async (route, token, given) => {
    // fetch sends no body with GET.
    const body = route.method === 'GET' ? undefined : (given ?? route.body);
    const {
      status,
      headers,
      body: answer,
    } = await service.call(route.path.replace(':id', asked), {
      method: route.method as 'GET' | 'POST',
      token,
      key: randomUUID(),
      ...(body !== undefined && { body }),
    });
    const header = (name: string) => headers.get(name) ?? undefined;
    return {
      status,
      contentType: header('content-type'),
      challenge: header('www-authenticate'),
      body: answer,
    };
  },
});
describeAuthorization(routes, { otherAudience: 'cart-service' }, contract);

test('a customer cannot refund, not even their own payment', async () => {
  const reply = await service.refund(paymentId, { token: service.customer() });
  expect(reply.status).toBe(403);
});
