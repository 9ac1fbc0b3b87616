import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CartLine,
  CartRefusal,
  isCurrency,
  lineAfterAdding,
  lineTotal,
  maximumLines,
  maximumQuantity,
  maximumUnitAmount,
  totalsOf,
} from '../../src/cart/rules.ts';

const line = (sku: string, quantity = 1, amount = 100, currency = 'EUR'): CartLine => ({
  sku,
  quantity,
  unitPrice: { amount, currency },
});

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof CartRefusal) return error.code;
    throw error;
  }
};

describe('adding to a cart', () => {
  it('adds up the quantities of an item, at the newest price', () => {
    expect(lineAfterAdding([line('tea', 2, 450)], line('tea', 3, 400))).toEqual(line('tea', 5, 400));
  });

  it('keeps to one currency, which the only item in the cart may change', () => {
    expect(codeOf(() => lineAfterAdding([line('tea')], line('cup', 1, 100, 'USD')))).toBe(
      'currency_conflict',
    );
    expect(lineAfterAdding([line('tea')], line('tea', 1, 100, 'USD'))).toEqual(line('tea', 2, 100, 'USD'));
  });

  it('stops at 100 items, but still takes more pieces of them', () => {
    const full = Array.from({ length: maximumLines }, (_, index) => line(`sku-${index}`));
    expect(codeOf(() => lineAfterAdding(full, line('one-more')))).toBe('cart_full');
    expect(lineAfterAdding(full, line('sku-0')).quantity).toBe(2);
  });

  it('stops at 999 pieces', () => {
    expect(lineAfterAdding([line('tea', 998)], line('tea', 1)).quantity).toBe(maximumQuantity);
    expect(codeOf(() => lineAfterAdding([line('tea', 999)], line('tea', 1)))).toBe('quantity_limit');
  });

  it.each(['XXX', 'XTS', 'XAU', 'ABC', 'eur', ''])('refuses %j as a currency', (currency) => {
    expect(isCurrency(currency)).toBe(false);
    expect(codeOf(() => lineAfterAdding([], line('tea', 1, 100, currency)))).toBe('invalid_currency');
  });

  it.each(['EUR', 'USD', 'JPY', 'KWD', 'CHF'])('takes %s', (currency) => {
    expect(isCurrency(currency)).toBe(true);
  });
});

describe('sums', () => {
  it('are of the one currency, and none for an empty cart', () => {
    expect(lineTotal(line('tea', 3, 450))).toEqual({ amount: 1350, currency: 'EUR' });
    expect(totalsOf([line('tea', 3, 450), line('cup', 1, 1)])).toEqual([{ amount: 1351, currency: 'EUR' }]);
    expect(totalsOf([])).toEqual([]);
  });

  it('stay exact for every cart that the rules allow', () => {
    const anyLine = fc.record({
      quantity: fc.integer({ min: 1, max: maximumQuantity }),
      amount: fc.integer({ min: 0, max: maximumUnitAmount }),
    });
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: maximumLines, size: 'max' }), (lines) => {
        const [sum] = totalsOf(
          lines.map(({ quantity, amount }, index) => line(`${index}`, quantity, amount)),
        );
        const exact = lines.reduce(
          (total, { quantity, amount }) => total + BigInt(quantity) * BigInt(amount),
          0n,
        );
        return sum !== undefined && Number.isSafeInteger(sum.amount) && BigInt(sum.amount) === exact;
      }),
    );
    const greatest = Array.from({ length: maximumLines }, (_, i) =>
      line(`${i}`, maximumQuantity, maximumUnitAmount),
    );
    expect(Number.isSafeInteger(totalsOf(greatest)[0]?.amount)).toBe(true);
  });
});
