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
  /** The cart of whoever sent this request. */
  readonly cartOf: (request: FastifyRequest) => CartCheckout;
  /** Keys the fingerprints of requests; see identifyRequest. */
  readonly fingerprintKey: Uint8Array;
  /**
   * How old the knowledge of what has been revoked may be where money moves: carrying on with a stolen token for minutes
   * costs more there than turning people away.
   */
  readonly maxRevocationLagSeconds: number;
  readonly stepUp: {
    /** Minor units, of whatever currency: a payment of more wants a recent sign-in. */
    readonly amount: number;
    readonly maxAgeSeconds: number;
  };
};

const schema = {
  summary: 'Pay for what is in one’s cart',
  tags: ['payments'],
  security: [{ bearer: ['payment:write'] }],
  description:
    'The amount is what the buyer saw and agreed to: it must be what the cart costs, else 409 cart_changed (or ' +
    'cart_empty), and nothing is charged. What was paid for is taken out of the cart. One payment for a cart at a time ' +
    '(409 checkout_in_progress). A large amount wants a recent sign-in: 401 insufficient_user_authentication, with ' +
    'max_age in the challenge. Repeating the request with the same Idempotency-Key answers as the first time and charges nothing; 202 means ' +
    'that the card processor has not answered, or that the cart has not followed yet (cart_settled): repeat the ' +
    'request, or read the payment. Problems of 502, 503 and 504 name the service that failed (hop): nothing was ' +
    'charged. A decline is a 201 whose status says so. Cards of the sandbox: 4242424242424242 succeeds, 4000000000000002 is ' +
    'declined, 4000000000009995 has insufficient funds, 4000000000000119 answers late and has succeeded, ' +
    '4000000000000127 answers late and was declined.',
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

/** The answer was given regardless: the cart is settled by the next request that can. */
export function logCartFault(request: FastifyRequest, paymentId: string, cartFault: unknown): void {
  if (cartFault === undefined) return;
  request.log.warn({ payment_id: paymentId, err: cartFault }, 'the cart could not be settled yet');
}

export function replayedHeader({ replayed }: { replayed: boolean }): Record<string, string> {
  return replayed ? { 'idempotency-replayed': 'true' } : {};
}
