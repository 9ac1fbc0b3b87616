import type { Money } from '../../i18n/money.ts';

/** A payment, as payment-service tells it. */
export type Payment = {
  readonly id: string;
  readonly status: 'pending' | 'unknown' | 'succeeded' | 'declined' | 'partially_refunded' | 'refunded';
  readonly amount: Money;
  /** Minor units given back so far. */
  readonly refunded_amount: number;
  readonly card: { readonly last4: string; readonly brand: string };
  readonly decline_reason?: string;
  /** Whether the cart has followed the verdict. */
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

/** True while nobody knows whether the card was charged: asking again tells. */
export function isOpen({ status }: Pick<Payment, 'status'>): boolean {
  return status === 'pending' || status === 'unknown';
}

/** True when there is something left to give back. */
export function isRefundable({ status }: Pick<Payment, 'status'>): boolean {
  return status === 'succeeded' || status === 'partially_refunded';
}

/** What can still be given back. */
export function refundableAmount({ amount, refunded_amount }: Payment): Money {
  return { ...amount, amount: amount.amount - refunded_amount };
}
