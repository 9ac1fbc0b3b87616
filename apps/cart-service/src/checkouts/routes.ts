import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { acting } from '../cart/acting.ts';
import { commonProblems } from '../cart/schemas.ts';
import type { Checkout } from './rules.ts';
import { checkoutParamsSchema, checkoutSchema, toCheckoutBody } from './schemas.ts';
import type { CheckoutStore } from './store.ts';

const shared = {
  tags: ['checkouts'],
  security: [{ bearer: ['cart:checkout'] }],
  params: checkoutParamsSchema,
};
const problems = { 400: problemSchema, 409: problemSchema, ...commonProblems };

const claimRoute = {
  ...shared,
  summary: 'Claim the cart’s lines for a payment',
  description:
    'For payment-service alone, on the buyer’s behalf. The id is the payment’s. A repeated id returns the same lines ' +
    'and the current status (200). A cart has one open checkout at a time (409 checkout_in_progress). An empty cart ' +
    'cannot be claimed (409 cart_empty). The cart may change after the claim.',
  response: { 200: checkoutSchema, 201: checkoutSchema, ...problems },
};

const completeRoute = {
  ...shared,
  summary: 'Take the claimed lines out of the cart after the payment',
  description:
    'Repeated requests take them out once. Each line loses the claimed quantity; what was added after the claim ' +
    'stays. 409 checkout_released when the claim was given up before.',
  response: { 200: checkoutSchema, 404: problemSchema, ...problems },
};

const releaseRoute = {
  ...shared,
  summary: 'Give up a claim, when nothing was paid',
  description:
    'The cart stays as it is. The id can never claim anything afterwards, even if it has not done so yet. ' +
    '409 checkout_completed when the claim was paid for before.',
  response: { 200: checkoutSchema, ...problems },
};

/** The checkout routes. They accept only a token that payment-service exchanged on the buyer's behalf. */
export async function checkoutRoutes(app: Service, { store }: { store: CheckoutStore }): Promise<void> {
  const mayCheckOut = app.requireScope('cart:checkout', { actors: ['payment-service'] });

  // The last part of a trace that began with a payment.
  const answer = (request: FastifyRequest, checkout: Checkout) => {
    const { id, status } = checkout;
    request.log.info(
      { checkout_id: id, checkout_status: status, ...acting(request.auth) },
      'checkout answered',
    );
    return toCheckoutBody(checkout);
  };

  app.put('/cart/checkouts/:id', { onRequest: mayCheckOut, schema: claimRoute }, async (request, reply) => {
    const { checkout, created } = await store.claim(request.auth.subject, request.params.id);
    reply.code(created ? 201 : 200);
    return answer(request, checkout);
  });

  app.post(
    '/cart/checkouts/:id/complete',
    { onRequest: mayCheckOut, schema: completeRoute },
    async (request) => answer(request, await store.complete(request.auth.subject, request.params.id)),
  );

  app.post('/cart/checkouts/:id/release', { onRequest: mayCheckOut, schema: releaseRoute }, async (request) =>
    answer(request, await store.release(request.auth.subject, request.params.id)),
  );
}
