import { ProblemError } from '@latchkey/service-kit';
import type { CartCheckout } from './cart-checkout.ts';
import { existingPayment, inquire } from './charge.ts';
import type { PaymentsContext } from './context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { paymentNotFound } from './not-found.ts';
import type { Payment } from './payment.ts';
import { findPayment, listPayments } from './payment-store.ts';
import { sendRefund } from './refund.ts';
import { pendingRefunds } from './refund-store.ts';
import { type Settlement, settleCartIfPossible } from './settle.ts';

export type Reader = {
  readonly subject: string;
  /** Support reads everybody's payments, one at a time and by id. */
  readonly readsAll: boolean;
  /** The reader's own cart; undefined when they may not check it out. */
  readonly cart: CartCheckout | undefined;
};

/**
 * One payment. When its outcome, or that of a refund, is open and nobody is at work on it (any more), the processor
 * is asked first. It stays open when the processor does not know either. The buyer's reading brings their cart in line
 * with a verdict that it has not followed yet.
 *
 * @throws ProblemError 404 `payment_not_found`, also for somebody else's payment
 * @example const { payment } = await readPayment(context, id, { subject, readsAll: false, cart });
 */
export async function readPayment(context: PaymentsContext, id: string, reader: Reader): Promise<Settlement> {
  const found = await findPayment(context.database, id);
  if (found === undefined || !(reader.readsAll || found.subject === reader.subject)) throw paymentNotFound();
  const payment = await withNews(context, found);
  if (reader.cart === undefined || payment.subject !== reader.subject) return { payment };
  return settleCartIfPossible(context, payment, reader.cart);
}

async function withNews(context: PaymentsContext, payment: Payment): Promise<Payment> {
  const abandoned = (since: Date) => context.clock() - since.getTime() > context.runMs;
  if (payment.status === 'unknown' || (payment.status === 'pending' && abandoned(payment.createdAt))) {
    return inquire(context, payment);
  }
  if (payment.refunding === 0) return payment;
  const open = await pendingRefunds(context.database, payment.id);
  for (const refund of open) if (abandoned(refund.createdAt)) await sendRefund(context, refund);
  return existingPayment(context, payment.id);
}

export type PageRequest = {
  readonly subject: string;
  readonly limit: number;
  readonly cursor: string | undefined;
};
export type Page = { readonly payments: readonly Payment[]; readonly nextCursor: string | undefined };

/**
 * A page of a person's own payments, newest first, as they are written down: the processor is not asked. Payments
 * made while somebody turns the pages shift nothing.
 *
 * @throws ProblemError 400 `invalid_cursor`
 * @example const page = await readPage(context, { subject, limit: 20, cursor: undefined });
 */
export async function readPage(
  context: PaymentsContext,
  { subject, limit, cursor }: PageRequest,
): Promise<Page> {
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && after === undefined) {
    throw new ProblemError({ status: 400, code: 'invalid_cursor', detail: 'The cursor is not one of ours.' });
  }
  // One more than asked for tells whether there is another page.
  const found = await listPayments(context.database, { subject, limit: limit + 1, after });
  const payments = found.slice(0, limit);
  const last = found.length > limit ? payments.at(-1) : undefined;
  return { payments, nextCursor: last && encodeCursor(last) };
}
