import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isExpired, passesLuhn, summarizeCard } from '../../src/payments/card.ts';

test.each([
  ['4242424242424242', 'visa', '4242'],
  ['5555555555554444', 'mastercard', '4444'],
  ['2720990000000007', 'mastercard', '0007'],
  ['2721000000000004', 'unknown', '0004'],
  ['378282246310005', 'amex', '0005'],
  ['6011111111111117', 'discover', '1117'],
  ['30569309025904', 'diners', '5904'],
  ['3566002020360505', 'jcb', '0505'],
  ['6200000000000005', 'unionpay', '0005'],
  ['9999999999999995', 'unknown', '9995'],
])('of %s only brand and last four digits are kept', (number, brand, last4) => {
  expect(summarizeCard(number)).toEqual({ brand, last4 });
});

test('the check digit catches every single wrong digit', () => {
  fc.assert(
    fc.property(fc.nat(15), fc.integer({ min: 1, max: 9 }), (position, shift) => {
      const digits = [...'4242424242424242'];
      digits[position] = String((Number(digits[position]) + shift) % 10);
      expect(passesLuhn(digits.join(''))).toBe(false);
    }),
  );
  expect(passesLuhn('4242424242424242')).toBe(true);
  expect(passesLuhn('378282246310005')).toBe(true);
});

test('a card is good until the last moment of its month, in UTC', () => {
  const expiry = { expMonth: 12, expYear: 2030 };
  expect(isExpired(expiry, Date.UTC(2030, 11, 31, 23, 59, 59, 999))).toBe(false);
  expect(isExpired(expiry, Date.UTC(2031, 0, 1))).toBe(true);
});
