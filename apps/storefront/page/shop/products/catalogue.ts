import type { Money } from '../../i18n/money.ts';

/** Everything that the shop sells. Names and descriptions are in page/i18n. */
export const products = [
  { sku: 'teapot', price: euros(46_00) },
  { sku: 'mug-blue', price: euros(19_00) },
  { sku: 'tea-earl-grey', price: euros(4_50) },
  { sku: 'bowl-celadon', price: euros(24_00) },
  { sku: 'kettle-copper', price: euros(89_00) },
  { sku: 'lamp-paper', price: euros(129_00) },
  { sku: 'chair-oak', price: euros(540_00) },
  { sku: 'moon-jar', price: euros(720_00) },
] as const;

export type Product = (typeof products)[number];
export type Sku = Product['sku'];

function euros(amount: number): Money {
  return { amount, currency: 'EUR' };
}

/**
 * Undefined for a product that the shop does not sell (any more), such as one that came into a cart by another client.
 */
export function findProduct(sku: string): Product | undefined {
  return products.find((product) => product.sku === sku);
}
