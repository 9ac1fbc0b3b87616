import { ProblemError } from '@latchkey/service-kit';
import type { CartCheckout } from './cart-checkout.ts';
import { giveUp } from './charge.ts';
import type { PaymentsContext } from './context.ts';
import type { Payment } from './payment.ts';
import { markCartSettled, type UnsettledPayment, unsettledPayments } from './payment-store.ts';
import { isSettled } from './rules.ts';
import { isRunning } from './run-rules.ts';

export type Settlement = {
  readonly payment: Payment;
  /** Why the cart could not be settled after a known verdict; for the log. */
  readonly cartFault?: unknown;
};

/**
 * Settles the cart of a payment whose verdict is known: takes the paid lines out, or gives the claim up. Safe to
 * repeat: it does nothing for a payment that is settled already.
 *
 * @throws what the cart throws when it cannot be reached; repeat the call then
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
 * Like settleCart, but returns a fault of the cart instead of throwing it: the verdict stands, and a later request
 * settles the cart. Leaves a payment without a verdict as it is.
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
 * Finishes this buyer's other payments before the cart is claimed again. Charged lines are taken out of the cart; a
 * payment that was not charged by now is cancelled at the processor. So no claim stays behind, and the same lines are
 * not paid for twice.
 *
 * @throws ProblemError 409 `checkout_in_progress` while a run holds one of them, or the processor does not answer; what
 *   the cart throws when it cannot be reached
 */
export async function settleOthers(
  context: PaymentsContext,
  payment: Payment,
  cart: CartCheckout,
): Promise<void> {
  const unsettled = await unsettledPayments(context.database, payment.subject);
  const others = unsettled.filter(({ id }) => id !== payment.id);
  refuseWhileRunning(context, others);
  for (const other of others) {
    const ended = isSettled(other.status) ? other : await giveUp(context, other);
    if (!isSettled(ended.status)) throw checkoutInProgress();
    await settleCart(context, ended, cart);
  }
}

/** @throws ProblemError 409 `checkout_in_progress` while a run holds one of these payments */
export function refuseWhileRunning(
  { clock, runMs }: PaymentsContext,
  payments: readonly UnsettledPayment[],
): void {
  const times = { now: clock(), runMs };
  if (payments.some(({ runningUntil }) => runningUntil !== undefined && isRunning(runningUntil, times))) {
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
