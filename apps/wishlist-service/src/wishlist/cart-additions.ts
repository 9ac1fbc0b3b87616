import type { CartVerdict, Move } from './move-rules.ts';

/**
 * The port to one person's cart, which another service keeps. Adding the same move again returns the first verdict and
 * adds nothing. It throws when it gets no verdict: then it is not known whether the cart has the item.
 */
export type CartAdditions = {
  add(sku: string, move: Move): Promise<CartVerdict>;
};
