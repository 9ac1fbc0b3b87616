import { describe, expect, it } from 'vitest';
import { formatAmount, formatMoney, minorDigits, parseAmount } from '../../../page/i18n/money.ts';

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

  it.each([
    ['12', 1200],
    ['12.5', 1250],
    [' 12,50 ', 1250],
    ['0.01', 1],
    ['4600.00', 460_000],
    ['12.', 1200],
    ['0', null],
    ['0.00', null],
    ['12.345', null],
    ['-1', null],
    ['1e3', null],
    ['', null],
    ['twelve', null],
  ])('is read as a person types it: %j', (text, amount) => {
    expect(parseAmount(text, 'EUR')).toEqual(amount === null ? null : { amount, currency: 'EUR' });
  });

  it('is read without a fraction where the currency has none', () => {
    expect(parseAmount('1900', 'KRW')).toEqual({ amount: 1900, currency: 'KRW' });
    expect(parseAmount('19.5', 'KRW')).toBeNull();
  });

  it('is written into a field so that it can be read again', () => {
    for (const amount of [1, 99, 100, 1234, 123_456_789]) {
      const money = { amount, currency: 'EUR' };
      expect(parseAmount(formatAmount(money), 'EUR')).toEqual(money);
    }
  });
});
