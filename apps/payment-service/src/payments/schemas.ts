import { idempotencyKeySchema, problemSchema } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import { maximumAmount } from './money.ts';
import type { Payment, Refund } from './payment.ts';
import { paymentStatuses, refundStatuses } from './rules.ts';

const moneySchema = Type.Object(
  {
    amount: Type.Integer({ minimum: 1, maximum: maximumAmount, description: 'minor units (cents, yen)' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' }),
  },
  { examples: [{ amount: 1999, currency: 'EUR' }] },
);

const instantSchema = Type.String({ format: 'date-time' });

export const payBodySchema = Type.Object({
  amount: moneySchema,
  card: Type.Object({
    number: Type.String({
      pattern: '^[0-9]{12,19}$',
      description: 'digits only',
      examples: ['4242424242424242'],
    }),
    exp_month: Type.Integer({ minimum: 1, maximum: 12 }),
    exp_year: Type.Integer({ minimum: 2000, maximum: 2199, description: 'four digits' }),
    cvc: Type.Optional(Type.String({ pattern: '^[0-9]{3,4}$' })),
  }),
});

export const refundBodySchema = Type.Object({ amount: Type.Optional(moneySchema) });

/** A key is kept for at least 24 hours. */
export const idempotencyHeadersSchema = Type.Object({ 'idempotency-key': idempotencyKeySchema });

export const paymentParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) });

export const listQuerySchema = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: Type.Optional(Type.String({ maxLength: 200, description: 'next_cursor of the previous page' })),
});

const paymentStatusSchema = Type.Unsafe<(typeof paymentStatuses)[number]>({
  type: 'string',
  enum: paymentStatuses,
  description: '`unknown`: the processor did not answer in time; reading the payment asks it again',
});

export const paymentSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  status: paymentStatusSchema,
  amount: moneySchema,
  refunded_amount: Type.Integer({ minimum: 0, description: 'minor units refunded so far' }),
  card: Type.Object({ last4: Type.String(), brand: Type.String() }),
  decline_reason: Type.Optional(Type.String()),
  cart_settled: Type.Boolean({
    description:
      'whether the cart is settled: the paid lines were taken out of it, or the claim on it was given up',
  }),
  created_at: instantSchema,
  updated_at: instantSchema,
});

export const paymentListSchema = Type.Object({
  payments: Type.Array(paymentSchema),
  next_cursor: Type.Optional(Type.String({ description: 'absent on the last page' })),
});

export const refundSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  payment_id: Type.String({ format: 'uuid' }),
  status: Type.Unsafe<(typeof refundStatuses)[number]>({ type: 'string', enum: refundStatuses }),
  amount: moneySchema,
  created_at: instantSchema,
});

export type PaymentBody = Static<typeof paymentSchema>;
export type RefundBody = Static<typeof refundSchema>;

/** What any route with a token may answer. */
export const commonProblems = {
  400: problemSchema,
  401: problemSchema,
  403: problemSchema,
  500: problemSchema,
  503: problemSchema,
};

export function toPaymentBody(payment: Payment): PaymentBody {
  return {
    id: payment.id,
    status: payment.status,
    amount: payment.amount,
    refunded_amount: payment.refunded,
    card: payment.card,
    ...(payment.declineReason !== undefined && { decline_reason: payment.declineReason }),
    cart_settled: payment.cartSettledAt !== undefined,
    created_at: payment.createdAt.toISOString(),
    updated_at: payment.updatedAt.toISOString(),
  };
}

export function toRefundBody(refund: Refund): RefundBody {
  return {
    id: refund.id,
    payment_id: refund.paymentId,
    status: refund.status,
    amount: refund.amount,
    created_at: refund.createdAt.toISOString(),
  };
}
