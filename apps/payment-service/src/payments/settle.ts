import { ProblemError } from '@latchkey/service-kit';
import type { CartCheckout } from './cart-checkout.ts';
import { giveUp } from './charge.ts';
import type { PaymentsContext } from './context.ts';
import type { Payment } from './payment.ts';
import { markCartSettled, type UnsettledPayment, unsettledPayments } from './payment-store.ts';
import { isSettled } from './rules.ts';

export type Settlement = {
  readonly payment: Payment;
  /** Why the cart could not be brought in line with a verdict that is known; for the log. */
  readonly cartFault?: unknown;
};

/**
 * Brings the cart in line with a payment whose verdict is known: what was paid for is taken out, or the claim is given
 * up. Safe to repeat; a payment that is settled already costs nothing.
 *
 * @throws what the cart throws when it cannot be reached: repeat it then
 */
export async function settleCart(
  context: PaymentsContext,
  payment: Payment,
  cart: CartCheckout,
): Promise<Payment> {
  if (payment.cartSettledAt !== undefined) return payment;
  if (payment.status === 'declined') await cart.release(payment.id);
  else await cart.complete(payment.id);
  const cartSettledAt = new Date(context.clock());
  await markCartSettled(context.database, payment.id, cartSettledAt);
  return { ...payment, cartSettledAt };
}

/**
 * settleCart for when nothing is an error any more: the money is where it is, and the cart follows when it can. Leaves
 * a payment without a verdict as it is.
 */
export async function settleCartIfPossible(
  context: PaymentsContext,
  payment: Payment,
  cart: CartCheckout,
): Promise<Settlement> {
  if (!isSettled(payment.status)) return { payment };
  try {
    return { payment: await settleCart(context, payment, cart) };
  } catch (cartFault) {
    return { payment, cartFault };
  }
}

/**
 * Ends what is left of this buyer's other payments, before their cart is claimed again: whatever the processor took is
 * taken out of the cart, and what it did not take by now it never will. So no claim stays behind for ever, and no two
 * payments are made for the same things.
 *
 * @throws ProblemError 409 `checkout_in_progress` while somebody is at work on one of them, or the processor is silent;
 *   what the cart throws when it cannot be reached
 */
export async function settleOthers(
  context: PaymentsContext,
  payment: Payment,
  cart: CartCheckout,
): Promise<void> {
  const unsettled = await unsettledPayments(context.database, payment.subject);
  const others = unsettled.filter(({ id }) => id !== payment.id);
  refuseWhileRunning(others, context.clock());
  for (const other of others) {
    const ended = isSettled(other.status) ? other : await giveUp(context, other);
    if (!isSettled(ended.status)) throw checkoutInProgress();
    await settleCart(context, ended, cart);
  }
}

/** @throws ProblemError 409 `checkout_in_progress` while somebody is at work on one of these payments */
export function refuseWhileRunning(payments: readonly UnsettledPayment[], now: number): void {
  if (payments.some(({ runningUntil }) => runningUntil !== undefined && runningUntil.getTime() > now)) {
    throw checkoutInProgress();
  }
}

export function checkoutInProgress(): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'checkout_in_progress',
    detail: 'Another payment for this cart is not finished. Repeat this one a little later.',
    headers: { 'retry-after': '1' },
  });
}
