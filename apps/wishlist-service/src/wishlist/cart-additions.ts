import type { CartVerdict, Move } from './move-rules.ts';

/**
 * The port to one person's cart, which is somebody else's to keep. A move that is added again is answered as the first
 * time and adds nothing. Throws when there is no verdict: then it is not known whether the cart has the thing.
 */
export interface CartAdditions {
  add(sku: string, move: Move): Promise<CartVerdict>;
}
