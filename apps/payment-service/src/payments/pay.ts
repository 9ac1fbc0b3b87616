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
  /** The buyer, and what identifies a repetition of this request. */
  readonly identity: RequestIdentity;
  /** The amount that the buyer agreed to. It must be the cart's total. */
  readonly amount: Money;
  readonly card: Card;
  /** The buyer's cart. */
  readonly cart: CartCheckout;
};

export type PayAnswer = {
  /** 201 with a final verdict, also a decline; 202 while the processor's verdict or the settled cart is missing. */
  readonly status: 201 | 202;
  readonly body: PaymentBody;
  /** True when this repeats an earlier answer. */
  readonly replayed: boolean;
  /** Why the cart could not be settled after a known verdict; for the log. */
  readonly cartFault?: unknown;
};

/**
 * Charges the cart's total to a card and takes the charged lines out of the cart, both once, however often the request
 * is repeated and wherever a crash happens. The steps: store the payment as pending, claim the cart, charge the card,
 * complete (or release) the claim, store the answer. Each uses the payment's id and can be repeated.
 *
 * Does not check who asks, nor how recent the sign-in is: the route does. Amounts are minor units.
 *
 * @throws ProblemError 422 `invalid_currency`, `invalid_card`, `expired_card`, `idempotency_key_reused`; 409
 *   `cart_empty`, `cart_changed`, `request_in_progress`. After any of these nothing was stored, and the key is as free
 *   as before. 409 `checkout_in_progress`, and what the cart throws when it cannot be reached: nothing was charged, and
 *   a repetition continues.
 * @example
 * const { status, body } = await pay(context, { identity, amount: { amount: 1999, currency: 'EUR' }, card, cart });
 */
export async function pay(context: PaymentsContext, request: PayRequest): Promise<PayAnswer> {
  refuseImpossible(request);
  const { identity, cart } = request;
  let written: Payment | undefined;
  const claim = await context.keys.claim(identity, async (transaction, id) => {
    written = await writeDown(transaction, request, { id, context });
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
    // So the next repetition need not wait until this run counts as crashed. If the database is down, it must.
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
  { id, context }: { id: string; context: PaymentsContext },
): Promise<Payment> {
  const now = context.clock();
  // Only for a new payment: one from the card's last day can still be repeated on the next day.
  if (isExpired(card, now)) throw refusal('expired_card', 'The card has expired.');
  // One at a time for each buyer: of two keys for one cart, one gets its 409 here, before anything is stored.
  await lockSubject(transaction, subject);
  refuseWhileRunning(context, await unsettledPayments(transaction, subject));
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
