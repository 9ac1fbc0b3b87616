import { describe, expect, it } from 'vitest';
import {
  type Cart,
  type CartLine,
  piecesIn,
  without,
  withQuantity,
} from '../../../page/shop/cart/cart-rules.ts';

function line(sku: string, quantity: number, amount: number): CartLine {
  const unitPrice = { amount, currency: 'EUR' };
  return { sku, quantity, unit_price: unitPrice, line_total: { ...unitPrice, amount: amount * quantity } };
}

const cart: Cart = {
  items: [line('teapot', 1, 4600), line('mug-blue', 2, 1900)],
  totals: [{ amount: 8400, currency: 'EUR' }],
};

describe('a cart that is shown before the service has answered', () => {
  it('counts the pieces of all items', () => {
    expect(piecesIn(cart)).toBe(3);
    expect(piecesIn(undefined)).toBe(0);
  });

  it('sums up anew when a quantity changes', () => {
    const changed = withQuantity(cart, { sku: 'mug-blue', quantity: 5 });
    expect(changed.items[1]).toEqual(line('mug-blue', 5, 1900));
    expect(changed.totals).toEqual([{ amount: 14100, currency: 'EUR' }]);
  });

  it('changes nothing when the item is not in it', () => {
    expect(withQuantity(cart, { sku: 'kettle-copper', quantity: 5 })).toEqual(cart);
    expect(without(cart, 'kettle-copper')).toEqual(cart);
  });

  it('has no sum once the last item is out', () => {
    const last = without(without(cart, 'teapot'), 'mug-blue');
    expect(last).toEqual({ items: [], totals: [] });
  });
});
