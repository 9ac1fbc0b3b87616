import type { Money } from '../../i18n/money.ts';

/** cart-service's maximum quantity of one line. */
export const maximumQuantity = 999;

/** GET /cart. */
export type Cart = {
  readonly items: readonly CartLine[];
  /** One sum; none for an empty cart. */
  readonly totals: readonly Money[];
};

export type CartLine = {
  readonly sku: string;
  readonly quantity: number;
  readonly unit_price: Money;
  readonly line_total: Money;
};

/** The number of pieces in the cart, of all lines. */
export function piecesIn(cart: Cart | undefined): number {
  return cart?.items.reduce((sum, { quantity }) => sum + quantity, 0) ?? 0;
}

/**
 * The cart after a change of quantity, to be shown until cart-service answers.
 *
 * @example withQuantity(cart, { sku: 'mug-blue', quantity: 3 })
 */
export function withQuantity(cart: Cart, { sku, quantity }: Pick<CartLine, 'sku' | 'quantity'>): Cart {
  return totalled(
    cart.items.map((line) =>
      line.sku === sku
        ? {
            ...line,
            quantity,
            line_total: { ...line.unit_price, amount: line.unit_price.amount * quantity },
          }
        : line,
    ),
  );
}

/** The cart without one line. */
export function without(cart: Cart, sku: string): Cart {
  return totalled(cart.items.filter((line) => line.sku !== sku));
}

function totalled(items: readonly CartLine[]): Cart {
  const [first] = items;
  if (first === undefined) return { items, totals: [] };
  const amount = items.reduce((sum, line) => sum + line.line_total.amount, 0);
  return { items, totals: [{ amount, currency: first.unit_price.currency }] };
}
