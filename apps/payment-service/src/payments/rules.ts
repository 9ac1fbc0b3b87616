import type { CartClaim } from './cart-checkout.ts';
import type { Money } from './money.ts';

/** The status of a payment. `unknown`: the processor did not answer in time, and must be asked again. */
export const paymentStatuses = [
  'pending',
  'unknown',
  'succeeded',
  'declined',
  'partially_refunded',
  'refunded',
] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** The status of a refund. A `failed` one has released its reserved amount. */
export const refundStatuses = ['pending', 'succeeded', 'failed'] as const;
export type RefundStatus = (typeof refundStatuses)[number];

/** What the card processor told us about a payment. */
export type PaymentEvent =
  | 'charge_succeeded'
  | 'charge_declined'
  | 'charge_unanswered'
  | 'refunded_in_part'
  | 'refunded_in_full';

/**
 * The state machine of a payment. No other transition happens: a payment never goes back to an earlier status, and
 * `declined` and `refunded` are final.
 */
export const transitions: Readonly<Record<PaymentStatus, Partial<Record<PaymentEvent, PaymentStatus>>>> = {
  pending: { charge_succeeded: 'succeeded', charge_declined: 'declined', charge_unanswered: 'unknown' },
  unknown: { charge_succeeded: 'succeeded', charge_declined: 'declined' },
  succeeded: { refunded_in_part: 'partially_refunded', refunded_in_full: 'refunded' },
  partially_refunded: { refunded_in_part: 'partially_refunded', refunded_in_full: 'refunded' },
  declined: {},
  refunded: {},
};

/**
 * The status after an event; undefined when the event changes nothing in this status (a duplicate, or a late event).
 *
 * @example nextStatus('pending', 'charge_succeeded') // 'succeeded'
 */
export function nextStatus(status: PaymentStatus, event: PaymentEvent): PaymentStatus | undefined {
  return transitions[status][event];
}

/** True once the processor's verdict on the charge is known; it never becomes false again. */
export function isSettled(status: PaymentStatus): boolean {
  return status !== 'pending' && status !== 'unknown';
}

export type ChargeVerdict = 'charge' | 'given_up' | 'in_progress' | 'cart_empty' | 'cart_changed';

/**
 * Decides whether a claimed cart is charged: only if its total is exactly the agreed amount, in the same currency. A
 * claim that was given up is never charged, whatever its total.
 */
export function decideCharge(claim: CartClaim, agreed: Money): ChargeVerdict {
  if (claim.state !== 'claimed') return claim.state;
  const { amount, currency } = claim.total;
  return amount === agreed.amount && currency === agreed.currency ? 'charge' : 'cart_changed';
}

/** The money of one payment, in minor units. Invariant: refunded + refunding ≤ captured. */
export type CapturedMoney = {
  captured: number;
  /** Refunded so far. */
  refunded: number;
  /** Reserved for refunds that the processor has not confirmed yet. */
  refunding: number;
};

export type RefundVerdict =
  | { allowed: true; amount: number }
  | { allowed: false; reason: 'not_refundable' | 'nothing_left' | 'exceeds_captured' };

/**
 * Decides whether an amount may be refunded, and how much. Refunds under way count as refunded, so that concurrent
 * refunds cannot exceed the captured amount. Without an amount it is all that is left. Does not check the requester's
 * permission or the currency.
 *
 * @example decideRefund('succeeded', { captured: 500, refunded: 0, refunding: 200 }, undefined) // { allowed: true, amount: 300 }
 */
export function decideRefund(
  status: PaymentStatus,
  money: CapturedMoney,
  amount: number | undefined,
): RefundVerdict {
  if (nextStatus(status, 'refunded_in_full') === undefined) {
    return { allowed: false, reason: status === 'refunded' ? 'nothing_left' : 'not_refundable' };
  }
  const left = money.captured - money.refunded - money.refunding;
  if (amount === undefined) {
    return left > 0 ? { allowed: true, amount: left } : { allowed: false, reason: 'nothing_left' };
  }
  return amount <= left ? { allowed: true, amount } : { allowed: false, reason: 'exceeds_captured' };
}

/** The payment's event after a confirmed refund. */
export function refundEvent(money: CapturedMoney, amount: number): PaymentEvent {
  return money.refunded + amount === money.captured ? 'refunded_in_full' : 'refunded_in_part';
}
