import { describe, expect, it } from 'vitest';
import { formatMoney, minorDigits } from '../../../page/shop/money.ts';

describe('money', () => {
  it('is written as the language writes it', () => {
    expect(formatMoney({ amount: 1900, currency: 'EUR' }, 'en')).toBe('€19.00');
    expect(formatMoney({ amount: 1900, currency: 'EUR' }, 'ko')).toBe('€19.00');
    expect(formatMoney({ amount: 123456789, currency: 'EUR' }, 'en')).toBe('€1,234,567.89');
  });

  it('has as many digits after the point as its currency', () => {
    expect(minorDigits('EUR')).toBe(2);
    expect(minorDigits('KRW')).toBe(0);
    expect(formatMoney({ amount: 1900, currency: 'JPY' }, 'en')).toBe('¥1,900');
    expect(formatMoney({ amount: 1900, currency: 'KRW' }, 'ko')).toBe('₩1,900');
  });
});
