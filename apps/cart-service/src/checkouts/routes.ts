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
  summary: 'Claim what the cart holds, to be paid for',
  description:
    'For payment-service alone, on the buyer’s behalf; the id is its payment’s. The same id again is answered with the ' +
    'same lines, and as it now stands (200). One open checkout at a time (409 checkout_in_progress); an empty cart ' +
    'cannot be claimed (409 cart_empty). The cart may be changed meanwhile.',
  response: { 200: checkoutSchema, 201: checkoutSchema, ...problems },
};

const completeRoute = {
  ...shared,
  summary: 'Take what was claimed out of the cart: it is paid for',
  description:
    'Once, however often it is asked. Each thing loses as many pieces as were claimed; what was added since stays. ' +
    '409 checkout_released when it was given up before.',
  response: { 200: checkoutSchema, 404: problemSchema, ...problems },
};

const releaseRoute = {
  ...shared,
  summary: 'Give a claim up: nothing was paid',
  description:
    'The cart stays as it is, and the id can never claim anything (again), also when it has not yet. ' +
    '409 checkout_completed when it was paid for before.',
  response: { 200: checkoutSchema, ...problems },
};

/** The routes of the checkouts room. They need a token that payment-service got for the buyer, and no other. */
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
