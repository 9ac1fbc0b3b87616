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
import { isRunning } from './run-rules.ts';
import { type Settlement, settleCartIfPossible } from './settle.ts';

export type Reader = {
  readonly subject: string;
  /** Whether the reader may read everybody's payments, one at a time by id, as support may. */
  readonly readsAll: boolean;
  /** The reader's own cart; undefined when the reader may not check it out. */
  readonly cart: CartCheckout | undefined;
};

/**
 * Reads one payment. If its outcome or a refund's outcome is open and no run holds it, it asks the processor first. The
 * outcome stays open when the processor does not know it either. When the buyer reads it, it also settles an unsettled
 * cart.
 *
 * @throws ProblemError 404 `payment_not_found`, also for another person's payment
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
  const { clock, runMs } = context;
  const abandoned = (since: Date) => !isRunning(new Date(since.getTime() + runMs), { now: clock(), runMs });
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
 * Reads a page of the subject's own payments, the newest first, as they are stored. It does not ask the processor. New
 * payments do not shift the following pages.
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
  // One more than requested, to see whether there is another page.
  const found = await listPayments(context.database, { subject, limit: limit + 1, after });
  const payments = found.slice(0, limit);
  const last = found.length > limit ? payments.at(-1) : undefined;
  return { payments, nextCursor: last && encodeCursor(last) };
}
