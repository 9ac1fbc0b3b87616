import { ProblemError } from '@latchkey/service-kit';
import type { Connection } from '../database/open-payment-database.ts';
import type { PaymentsContext } from './context.ts';
import type { RequestIdentity } from './idempotency.ts';
import type { Money } from './money.ts';
import { paymentNotFound } from './not-found.ts';
import { capturedMoney, type Refund } from './payment.ts';
import { findPayment } from './payment-store.ts';
import { askProcessor } from './processor.ts';
import { findRefund, reserveRefund, settleRefund } from './refund-store.ts';
import { decideRefund } from './rules.ts';
import { type RefundBody, toRefundBody } from './schemas.ts';

export type RefundOrder = {
  /** The subject who refunds: usually support, not the buyer. */
  readonly identity: RequestIdentity;
  readonly paymentId: string;
  /** When undefined, everything that is left is refunded. */
  readonly amount: Money | undefined;
};

export type RefundAnswer = {
  /** 201 with a final verdict; 202 while the processor has not given one. */
  readonly status: 201 | 202;
  readonly body: RefundBody;
  readonly replayed: boolean;
};

/**
 * Refunds a payment, wholly or in part, once per Idempotency-Key. It reserves the amount before it calls the processor,
 * so that concurrent refunds together never exceed the captured amount.
 *
 * Does not check whose payment it is: the scope payment:refund reaches everybody's.
 *
 * @throws ProblemError 404 `payment_not_found`; 409 `payment_not_refundable` (not captured, or nothing left) and
 *   `request_in_progress`; 422 `refund_exceeds_payment`, `currency_mismatch`, `idempotency_key_reused`. After any of
 *   these nothing was stored, and the key is as free as before.
 * @example
 * const { body } = await refund(context, { identity, paymentId, amount: { amount: 500, currency: 'EUR' } });
 */
export async function refund(context: PaymentsContext, order: RefundOrder): Promise<RefundAnswer> {
  const claim = await context.keys.claim(order.identity, (transaction, id) =>
    reserve(transaction, order, { id, createdAt: new Date(context.clock()) }),
  );
  // We wrote this answer ourselves, below.
  if (claim.answer) return { ...(claim.answer as Omit<RefundAnswer, 'replayed'>), replayed: true };

  const pending = await existingRefund(context, claim.resourceId);
  const refunded = pending.status === 'pending' ? await sendRefund(context, pending) : pending;

  const body = toRefundBody(refunded);
  if (refunded.status === 'pending') {
    await context.keys.release(claim);
    return { status: 202, body, replayed: false };
  }
  await context.keys.finish(claim, { status: 201, body });
  return { status: 201, body, replayed: false };
}

/** Has the processor carry out a stored refund, and records its answer. Safe to repeat. */
export async function sendRefund(context: PaymentsContext, refund: Refund): Promise<Refund> {
  const request = { reference: refund.id, chargeReference: refund.paymentId, amount: refund.amount };
  const { outcome } = await askProcessor(context.processorTimeoutMs, (signal) =>
    context.processor.refund(request, signal),
  );
  if (outcome !== 'unknown') {
    await settleRefund(context.database, refund, { outcome, now: new Date(context.clock()) });
  }
  return existingRefund(context, refund.id);
}

async function reserve(
  transaction: Connection,
  { identity, paymentId, amount }: RefundOrder,
  { id, createdAt }: { id: string; createdAt: Date },
): Promise<void> {
  const payment = await findPayment(transaction, paymentId, { lock: true });
  if (payment === undefined) throw paymentNotFound();
  if (amount !== undefined && amount.currency !== payment.amount.currency) {
    throw new ProblemError({
      status: 422,
      code: 'currency_mismatch',
      detail: 'The payment is in another currency.',
    });
  }
  const verdict = decideRefund(payment.status, capturedMoney(payment), amount?.amount);
  if (!verdict.allowed) throw refusal(verdict.reason);
  await reserveRefund(transaction, payment, {
    id,
    requestedBy: identity.subject,
    amount: verdict.amount,
    createdAt,
  });
}

function refusal(reason: 'not_refundable' | 'nothing_left' | 'exceeds_captured'): ProblemError {
  if (reason === 'exceeds_captured') {
    const detail = 'The amount is more than what is left of the payment.';
    return new ProblemError({ status: 422, code: 'refund_exceeds_payment', detail });
  }
  const detail =
    reason === 'nothing_left' ? 'All of the payment has been refunded.' : 'The payment was not captured.';
  return new ProblemError({ status: 409, code: 'payment_not_refundable', detail });
}

async function existingRefund({ database }: PaymentsContext, id: string): Promise<Refund> {
  const refund = await findRefund(database, id);
  if (refund === undefined) throw new Error(`refund ${id} is gone`);
  return refund;
}
