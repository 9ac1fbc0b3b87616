import { ProblemError } from '@latchkey/service-kit';
import type { Connection } from '../database/open-payment-database.ts';
import { type Card, isExpired, passesLuhn, summarizeCard } from './card.ts';
import type { CartCheckout } from './cart-checkout.ts';
import { existingPayment } from './charge.ts';
import { chargeCart } from './charge-cart.ts';
import type { PaymentsContext } from './context.ts';
import type { RequestIdentity } from './idempotency.ts';
import { isCurrency, type Money } from './money.ts';
import type { Payment } from './payment.ts';
import { insertPendingPayment, lockSubject, unsettledPayments } from './payment-store.ts';
import { type PaymentBody, toPaymentBody } from './schemas.ts';
import { refuseWhileRunning, settleCartIfPossible } from './settle.ts';

export type PayRequest = {
  /** Who pays, and what makes this the same request as an earlier one. */
  readonly identity: RequestIdentity;
  /** What the buyer saw and agreed to: it must be what the cart costs. */
  readonly amount: Money;
  readonly card: Card;
  /** The cart of whoever pays. */
  readonly cart: CartCheckout;
};

export type PayAnswer = {
  /** 201 with a final verdict (also a decline); 202 while the processor or the cart has not followed. */
  readonly status: 201 | 202;
  readonly body: PaymentBody;
  /** The answer was given before, and is given again. */
  readonly replayed: boolean;
  /** Why the cart could not be brought in line with a verdict that is known; for the log. */
  readonly cartFault?: unknown;
};

/**
 * Charges a card with what the buyer's cart costs, and takes that out of the cart, both once, however often the request
 * is repeated and wherever a crash falls. Each step has its reference, the payment's id, and can be repeated: written
 * down as pending, cart claimed, card charged, cart completed (or released), answer kept. A repetition carries on.
 *
 * Does not check who asks, nor how recent the sign-in is: the route does. Amounts are minor units.
 *
 * @throws ProblemError 422 `invalid_currency`, `invalid_card`, `expired_card`, `idempotency_key_reused`; 409
 *   `cart_empty`, `cart_changed`, `request_in_progress`. After any of these nothing was stored, and the key is as free
 *   as before. 409 `checkout_in_progress`, and what the cart throws when it cannot be reached: nothing was charged, and
 *   a repetition carries on.
 * @example
 * const { status, body } = await pay(context, { identity, amount: { amount: 1999, currency: 'EUR' }, card, cart });
 */
export async function pay(context: PaymentsContext, request: PayRequest): Promise<PayAnswer> {
  refuseImpossible(request);
  const { identity, cart } = request;
  let written: Payment | undefined;
  const claim = await context.keys.claim(identity, async (transaction, id) => {
    written = await writeDown(transaction, request, { id, now: context.clock() });
  });
  // We wrote this answer ourselves, below.
  if (claim.answer) return { ...(claim.answer as Omit<PayAnswer, 'replayed'>), replayed: true };

  try {
    const pending = written ?? (await existingPayment(context, claim.resourceId));
    const charged = await chargeCart(context, pending, request);
    const { payment, cartFault } = await settleCartIfPossible(context, charged, cart);
    const body = toPaymentBody(payment);
    if (payment.cartSettledAt === undefined) {
      await context.keys.release(claim);
      return { status: 202, body, replayed: false, ...(cartFault !== undefined && { cartFault }) };
    }
    await context.keys.finish(claim, { status: 201, body });
    return { status: 201, body, replayed: false };
  } catch (error) {
    // The next repetition need not wait for a run that has ended. When the database is away, it waits.
    await context.keys.release(claim).catch(() => undefined);
    throw error;
  }
}

function refuseImpossible({ amount, card }: PayRequest): void {
  if (!isCurrency(amount.currency)) {
    throw refusal('invalid_currency', 'The currency is not an ISO 4217 code in use.');
  }
  if (!passesLuhn(card.number)) throw refusal('invalid_card', 'The card number is not valid.');
}

async function writeDown(
  transaction: Connection,
  { identity: { subject }, amount, card }: PayRequest,
  { id, now }: { id: string; now: number },
): Promise<Payment> {
  // Only a new payment: one that was made on the card's last day can still be asked for on the next.
  if (isExpired(card, now)) throw refusal('expired_card', 'The card has expired.');
  // One at a time for each buyer: of two keys for one cart, one is told so here, before anything was stored.
  await lockSubject(transaction, subject);
  refuseWhileRunning(await unsettledPayments(transaction, subject), now);
  return insertPendingPayment(transaction, {
    id,
    subject,
    amount,
    card: summarizeCard(card.number),
    createdAt: new Date(now),
  });
}

function refusal(code: 'invalid_currency' | 'invalid_card' | 'expired_card', detail: string): ProblemError {
  return new ProblemError({ status: 422, code, detail });
}
