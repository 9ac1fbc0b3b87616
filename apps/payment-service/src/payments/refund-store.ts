import { and, eq } from 'drizzle-orm';
import type { Connection, Database } from '../database/open-payment-database.ts';
import { payments, refunds } from '../database/schema.ts';
import { capturedMoney, type Payment, type Refund } from './payment.ts';
import { findPayment, movePayment, setRefunding } from './payment-store.ts';
import { refundEvent } from './rules.ts';

export type NewRefund = {
  readonly id: string;
  readonly requestedBy: string;
  readonly amount: number;
  readonly createdAt: Date;
};

/** Stores a refund and reserves its amount. The payment must have been read with `lock` in this transaction. */
export async function reserveRefund(
  connection: Connection,
  payment: Payment,
  refund: NewRefund,
): Promise<void> {
  await connection.insert(refunds).values({ ...refund, paymentId: payment.id, status: 'pending' });
  await setRefunding(connection, payment.id, payment.refunding + refund.amount);
}

/** The refund with this id, or undefined. */
export async function findRefund(connection: Connection, id: string): Promise<Refund | undefined> {
  const [row] = await refundRows(connection).where(eq(refunds.id, id));
  return row && toRefund(row);
}

/** The refunds of a payment whose outcome is not known. */
export async function pendingRefunds(connection: Connection, paymentId: string): Promise<Refund[]> {
  const rows = await refundRows(connection).where(
    and(eq(refunds.paymentId, paymentId), eq(refunds.status, 'pending')),
  );
  return rows.map(toRefund);
}

/**
 * Records the processor's answer to a refund: the reserved amount becomes refunded, or is free again. Recording it
 * twice, also at the same time, counts once.
 */
export async function settleRefund(
  database: Database,
  refund: Refund,
  { outcome, now }: { outcome: 'succeeded' | 'declined'; now: Date },
): Promise<void> {
  await database.transaction(async (transaction) => {
    const payment = await findPayment(transaction, refund.paymentId, { lock: true });
    if (payment === undefined) throw new Error(`refund ${refund.id} has no payment`);
    const settled = await transaction
      .update(refunds)
      .set({ status: outcome === 'succeeded' ? 'succeeded' : 'failed' })
      .where(and(eq(refunds.id, refund.id), eq(refunds.status, 'pending')))
      .returning({ id: refunds.id });
    if (settled.length === 0) return;

    const amount = refund.amount.amount;
    const refunding = payment.refunding - amount;
    if (outcome === 'declined') return setRefunding(transaction, payment.id, refunding);
    const event = refundEvent(capturedMoney(payment), amount);
    const moved = await movePayment(transaction, payment, {
      event,
      now,
      refunded: payment.refunded + amount,
      refunding,
    });
    if (moved === undefined) throw new Error(`refund ${refund.id} meets a payment that is ${payment.status}`);
  });
}

function refundRows(connection: Connection) {
  return connection
    .select({ refund: refunds, currency: payments.currency })
    .from(refunds)
    .innerJoin(payments, eq(payments.id, refunds.paymentId));
}

function toRefund({ refund, currency }: { refund: typeof refunds.$inferSelect; currency: string }): Refund {
  return {
    id: refund.id,
    paymentId: refund.paymentId,
    requestedBy: refund.requestedBy,
    amount: { amount: refund.amount, currency },
    status: refund.status,
    createdAt: refund.createdAt,
  };
}
