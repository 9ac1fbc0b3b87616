import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CartLine } from '../../src/cart/rules.ts';
import { CheckoutRefusal, checkClaim, linesAfterCheckout, statusAfter } from '../../src/checkouts/rules.ts';

const line = (sku: string, quantity: number, amount = 100): CartLine => ({
  sku,
  quantity,
  unitPrice: { amount, currency: 'EUR' },
});

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof CheckoutRefusal) return error.code;
    throw error;
  }
};

describe('a claim', () => {
  it('needs an item in the cart, and no other open claim', () => {
    expect(codeOf(() => checkClaim({ lines: [line('tea', 1)], open: false }))).toBeUndefined();
    expect(codeOf(() => checkClaim({ lines: [], open: false }))).toBe('cart_empty');
    expect(codeOf(() => checkClaim({ lines: [line('tea', 1)], open: true }))).toBe('checkout_in_progress');
    expect(codeOf(() => checkClaim({ lines: [], open: true }))).toBe('checkout_in_progress');
  });
});

describe('the end of a checkout', () => {
  it.each([
    ['open', 'complete', 'completed'],
    ['open', 'release', 'released'],
    ['completed', 'complete', undefined],
    ['released', 'release', undefined],
  ] as const)('%s, %s: %s', (status, event, next) => {
    expect(statusAfter(status, event)).toBe(next);
  });

  it('is final', () => {
    expect(codeOf(() => statusAfter('completed', 'release'))).toBe('checkout_completed');
    expect(codeOf(() => statusAfter('released', 'complete'))).toBe('checkout_released');
  });

  it('takes the claimed items, and leaves added ones, at their present price', () => {
    const now = [line('tea', 5, 400), line('cup', 1), line('jam', 2), line('new', 1)];
    expect(linesAfterCheckout(now, [line('tea', 2, 450), line('cup', 1), line('jam', 3)])).toEqual([
      line('tea', 3, 400),
      line('new', 1),
    ]);
  });

  it('never takes more of an item than was claimed, nor than there is', () => {
    const anyLines = fc.uniqueArray(
      fc
        .record({ sku: fc.constantFrom('a', 'b', 'c', 'd'), quantity: fc.integer({ min: 1, max: 999 }) })
        .map(({ sku, quantity }) => line(sku, quantity)),
      { selector: ({ sku }) => sku },
    );
    fc.assert(
      fc.property(anyLines, anyLines, (now, claimed) => {
        const after = linesAfterCheckout(now, claimed);
        const quantityIn = (lines: CartLine[], sku: string) =>
          lines.find((one) => one.sku === sku)?.quantity ?? 0;
        expect(after.every(({ quantity }) => quantity > 0)).toBe(true);
        for (const sku of ['a', 'b', 'c', 'd']) {
          const taken = quantityIn(now, sku) - quantityIn(after, sku);
          expect(taken).toBe(Math.min(quantityIn(now, sku), quantityIn(claimed, sku)));
        }
      }),
    );
  });
});
