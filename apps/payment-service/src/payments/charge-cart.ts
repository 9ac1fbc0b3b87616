import { ProblemError } from '@latchkey/service-kit';
import type { Card } from './card.ts';
import type { CartCheckout } from './cart-checkout.ts';
import { charge, giveUp } from './charge.ts';
import type { PaymentsContext } from './context.ts';
import { forgetGivenUpPayment } from './forget-payment.ts';
import type { Payment } from './payment.ts';
import { decideCharge, isSettled } from './rules.ts';
import { checkoutInProgress, settleOthers } from './settle.ts';

const refusals = {
  cart_empty: 'The cart is empty: there is nothing to pay for.',
  cart_changed: 'The cart does not cost what was agreed to. Look at it again, and pay what it costs.',
} as const;

/**
 * Claims the buyer's cart, and charges it if its total is the amount that the buyer agreed to. Leaves a payment that
 * has its verdict as it is.
 *
 * @throws ProblemError 409 `cart_empty` or `cart_changed`: nothing was charged, and the payment and its key are gone.
 *   409 `checkout_in_progress`, and what the cart throws: nothing was charged, and a repetition continues.
 */
export async function chargeCart(
  context: PaymentsContext,
  payment: Payment,
  { card, cart }: { card: Card; cart: CartCheckout },
): Promise<Payment> {
  if (isSettled(payment.status)) return payment;
  await settleOthers(context, payment, cart);
  const verdict = decideCharge(await cart.claim(payment.id), payment.amount);
  switch (verdict) {
    case 'charge':
      return charge(context, payment, card);
    case 'given_up':
      return giveUp(context, payment);
    case 'in_progress':
      throw checkoutInProgress();
    case 'cart_empty':
    case 'cart_changed':
      return refuse(context, payment, { cart, code: verdict });
  }
}

/**
 * Refuses the payment. It cancels at the processor first: another run of the same request may be about to charge, and
 * must not do so after the claim is released. If that run has charged already, the payment stands.
 */
async function refuse(
  context: PaymentsContext,
  payment: Payment,
  { cart, code }: { cart: CartCheckout; code: keyof typeof refusals },
): Promise<Payment> {
  const ended = await giveUp(context, payment);
  if (ended.status !== 'declined') return ended;
  await cart.release(payment.id);
  await forgetGivenUpPayment(context.database, payment);
  throw new ProblemError({ status: 409, code, detail: refusals[code] });
}
