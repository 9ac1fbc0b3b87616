import type { AuthHook } from '@latchkey/auth-client';
import { idempotencyKeyOf, problemSchema, type Service } from '@latchkey/service-kit';
import { identifyRequest } from './idempotency.ts';
import { logCartFault, type PayRouteOptions, payRoute, replayedHeader } from './pay-route.ts';
import { readPage, readPayment } from './read.ts';
import { refund } from './refund.ts';
import {
  commonProblems,
  idempotencyHeadersSchema,
  listQuerySchema,
  paymentListSchema,
  paymentParamsSchema,
  paymentSchema,
  refundBodySchema,
  refundSchema,
  toPaymentBody,
} from './schemas.ts';

export type PaymentRoutesOptions = PayRouteOptions;

const listRoute = {
  summary: 'List one’s own payments, newest first',
  tags: ['payments'],
  security: [{ bearer: ['payment:read'] }],
  querystring: listQuerySchema,
  response: { 200: paymentListSchema, ...commonProblems },
};

const readRoute = {
  summary: 'Read a payment',
  tags: ['payments'],
  security: [{ bearer: ['payment:read'] }, { bearer: ['payment:refund'] }],
  description:
    'Your own payment; with payment:refund anybody’s. Asks the card processor when the outcome is not known yet.',
  params: paymentParamsSchema,
  response: { 200: paymentSchema, 404: problemSchema, ...commonProblems },
};

const refundRoute = {
  summary: 'Refund a payment, wholly or in part',
  tags: ['payments'],
  security: [{ bearer: ['payment:refund'] }],
  description:
    'payment:refund is a permission of support: it covers everybody’s payments. Without an amount it refunds all ' +
    'that is left. 202 means that the card processor has not answered: repeat the request.',
  params: paymentParamsSchema,
  headers: idempotencyHeadersSchema,
  body: refundBodySchema,
  response: {
    201: refundSchema,
    202: refundSchema,
    404: problemSchema,
    409: problemSchema,
    422: problemSchema,
    ...commonProblems,
  },
};

/** The payment routes. */
export async function paymentRoutes(app: Service, options: PaymentRoutesOptions): Promise<void> {
  const { context, cartOf, fingerprintKey, maxRevocationLagSeconds } = options;
  payRoute(app, options);

  const requireRead = app.requireScope('payment:read');
  /** A person with payment:refund may also read a payment, with or without payment:read. */
  const requireReadOrRefund: AuthHook = (request, reply, done) =>
    request.auth.scopes.has('payment:refund') ? done() : requireRead(request, reply, done);

  app.get('/payments', { onRequest: requireRead, schema: listRoute }, async (request) => {
    const { limit, cursor } = request.query;
    const page = await readPage(context, { subject: request.auth.subject, limit, cursor });
    return {
      payments: page.payments.map(toPaymentBody),
      ...(page.nextCursor !== undefined && { next_cursor: page.nextCursor }),
    };
  });

  app.get(
    '/payments/:id',
    { onRequest: [app.authenticate, requireReadOrRefund], schema: readRoute },
    async (request) => {
      const { subject, scopes } = request.auth;
      const { payment, cartFault } = await readPayment(context, request.params.id, {
        subject,
        readsAll: scopes.has('payment:refund'),
        // A person with read permission alone must not change a cart by reading.
        cart: scopes.has('payment:write') ? cartOf(request) : undefined,
      });
      logCartFault(request, payment.id, cartFault);
      return toPaymentBody(payment);
    },
  );

  app.post(
    '/payments/:id/refunds',
    { onRequest: app.requireScope('payment:refund', { maxRevocationLagSeconds }), schema: refundRoute },
    async (request, reply) => {
      const { id: paymentId } = request.params;
      const answer = await refund(context, {
        identity: identifyRequest(fingerprintKey, {
          subject: request.auth.subject,
          key: idempotencyKeyOf(request.headers['idempotency-key']),
          operation: `POST /payments/${paymentId}/refunds`,
          body: request.body,
        }),
        paymentId,
        amount: request.body.amount,
      });
      const { id, status } = answer.body;
      request.log.info(
        { payment_id: paymentId, refund_id: id, refund_status: status, replayed: answer.replayed },
        'refund answered',
      );
      reply.code(answer.status).headers(replayedHeader(answer));
      return answer.body;
    },
  );
}
