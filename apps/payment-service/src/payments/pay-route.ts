import { requireRecentSignIn } from '@latchkey/auth-client';
import { idempotencyKeyOf, problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import type { CartCheckout } from './cart-checkout.ts';
import type { PaymentsContext } from './context.ts';
import { identifyRequest } from './idempotency.ts';
import { pay } from './pay.ts';
import { commonProblems, idempotencyHeadersSchema, payBodySchema, paymentSchema } from './schemas.ts';

export type PayRouteOptions = {
  readonly context: PaymentsContext;
  /** Returns the requesting person's cart. */
  readonly cartOf: (request: FastifyRequest) => CartCheckout;
  /** Keys the fingerprints of requests; see identifyRequest. */
  readonly fingerprintKey: Uint8Array;
  /**
   * The maximum age of the revocation list when money moves. There, accepting a stolen token for minutes costs more
   * than refusing people.
   */
  readonly maxRevocationLagSeconds: number;
  readonly stepUp: {
    /** Minor units of any currency: a larger payment requires a recent sign-in. */
    readonly amount: number;
    readonly maxAgeSeconds: number;
  };
};

const schema = {
  summary: 'Pay for your cart',
  tags: ['payments'],
  security: [{ bearer: ['payment:write'] }],
  description:
    'The amount is what the buyer agreed to. It must be the cart’s total; otherwise 409 cart_changed (or cart_empty), ' +
    'and nothing is charged. The paid lines are taken out of the cart. A cart has one payment at a time ' +
    '(409 checkout_in_progress). A large amount requires a recent sign-in: 401 insufficient_user_authentication, with ' +
    'max_age in the challenge. Repeating the request with the same Idempotency-Key returns the first answer and charges ' +
    'nothing. 202 means that the card processor has not answered or the cart is not settled yet (cart_settled): repeat ' +
    'the request, or read the payment. A 502, 503 or 504 names the service that failed (hop): nothing was charged. ' +
    'A decline is a 201 with the status declined. Sandbox cards: 4242424242424242 succeeds, 4000000000000002 is ' +
    'declined, 4000000000009995 has insufficient funds, 4000000000000119 answers late and is charged, ' +
    '4000000000000127 answers late and is declined.',
  headers: idempotencyHeadersSchema,
  body: payBodySchema,
  response: {
    201: paymentSchema,
    202: paymentSchema,
    409: problemSchema,
    422: problemSchema,
    ...commonProblems,
    502: problemSchema,
    504: problemSchema,
  },
};

/** POST /payments. */
export function payRoute(app: Service, options: PayRouteOptions): void {
  const { context, cartOf, fingerprintKey, maxRevocationLagSeconds, stepUp } = options;
  const onRequest = app.requireScope('payment:write', { maxRevocationLagSeconds });

  app.post('/payments', { onRequest, schema }, async (request, reply) => {
    const { amount, card } = request.body;
    if (amount.amount > stepUp.amount) requireRecentSignIn(request, stepUp.maxAgeSeconds);
    const answer = await pay(context, {
      identity: identifyRequest(fingerprintKey, {
        subject: request.auth.subject,
        key: idempotencyKeyOf(request.headers['idempotency-key']),
        operation: 'POST /payments',
        body: request.body,
      }),
      amount,
      card: {
        number: card.number,
        expMonth: card.exp_month,
        expYear: card.exp_year,
        ...(card.cvc !== undefined && { cvc: card.cvc }),
      },
      cart: cartOf(request),
    });
    const { id, status } = answer.body;
    request.log.info(
      {
        payment_id: id,
        payment_status: status,
        replayed: answer.replayed,
        subject: request.auth.subject,
      },
      'payment answered',
    );
    logCartFault(request, id, answer.cartFault);
    reply.code(answer.status).headers({ ...replayedHeader(answer), location: `/payments/${id}` });
    return answer.body;
  });
}

/** Logs that the cart could not be settled. The request was answered anyway; a later request settles the cart. */
export function logCartFault(request: FastifyRequest, paymentId: string, cartFault: unknown): void {
  if (cartFault === undefined) return;
  request.log.warn({ payment_id: paymentId, err: cartFault }, 'the cart could not be settled yet');
}

export function replayedHeader({ replayed }: { replayed: boolean }): Record<string, string> {
  return replayed ? { 'idempotency-replayed': 'true' } : {};
}
