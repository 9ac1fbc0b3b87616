import { describe, expect, it } from 'vitest';
import { isOpen, isRefundable, type Payment, refundableAmount } from '../../../page/shop/payments/payment.ts';

const payment: Payment = {
  id: 'f0a3',
  status: 'partially_refunded',
  amount: { amount: 5000, currency: 'EUR' },
  refunded_amount: 1200,
  card: { last4: '4242', brand: 'visa' },
  cart_settled: true,
  created_at: '2026-01-01T00:00:00.000Z',
};

describe('a payment', () => {
  it('is open while it is unknown whether the card was charged', () => {
    const open = ['pending', 'unknown', 'succeeded', 'declined', 'partially_refunded', 'refunded'] as const;
    expect(open.filter((status) => isOpen({ status }))).toEqual(['pending', 'unknown']);
  });

  it('can be refunded while something is left', () => {
    expect(isRefundable(payment)).toBe(true);
    expect(refundableAmount(payment)).toEqual({ amount: 3800, currency: 'EUR' });
    for (const status of ['pending', 'unknown', 'declined', 'refunded'] as const) {
      expect(isRefundable({ status })).toBe(false);
    }
  });
});
