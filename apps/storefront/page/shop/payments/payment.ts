import type { Money } from '../../i18n/money.ts';

/** A payment, as payment-service returns it. */
export type Payment = {
  readonly id: string;
  readonly status: 'pending' | 'unknown' | 'succeeded' | 'declined' | 'partially_refunded' | 'refunded';
  readonly amount: Money;
  /** Minor units refunded so far. */
  readonly refunded_amount: number;
  readonly card: { readonly last4: string; readonly brand: string };
  readonly decline_reason?: string;
  /** Whether the cart is settled. */
  readonly cart_settled: boolean;
  readonly created_at: string;
};

export type PaymentPage = { readonly payments: readonly Payment[]; readonly next_cursor?: string };

export type Refund = {
  readonly id: string;
  readonly payment_id: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly amount: Money;
};

/** True while it is not known whether the card was charged. Asking again tells. */
export function isOpen({ status }: Pick<Payment, 'status'>): boolean {
  return status === 'pending' || status === 'unknown';
}

/** True when there is something left to refund. */
export function isRefundable({ status }: Pick<Payment, 'status'>): boolean {
  return status === 'succeeded' || status === 'partially_refunded';
}

/** The amount that can still be refunded. */
export function refundableAmount({ amount, refunded_amount }: Payment): Money {
  return { ...amount, amount: amount.amount - refunded_amount };
}
