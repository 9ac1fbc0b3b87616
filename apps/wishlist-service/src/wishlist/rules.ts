import type { Move } from './move-rules.ts';

/** Items that a wishlist holds at most. */
export const maximumItems = 200;
/** Characters of a note at most. */
export const maximumNoteLength = 500;

export interface WishlistItem {
  id: string;
  sku: string;
  note: string | null;
  addedAt: Date;
  /** On its way into the cart; null: it is not. */
  move: Move | null;
}

export type MovingItem = WishlistItem & { move: Move };

const refusals = {
  wishlist_full: `A wishlist holds at most ${maximumItems} items.`,
  item_moving: 'The item is on its way into the cart: move it again, or read the list, to learn where it is.',
} as const;

/** A change that the rules of a wishlist do not allow. Its message may be shown. */
export class WishlistRefusal extends Error {
  override readonly name = 'WishlistRefusal';
  readonly code: keyof typeof refusals;
  readonly status = 409;

  constructor(code: keyof typeof refusals) {
    super(refusals[code]);
    this.code = code;
  }
}

/**
 * Makes sure that a wishlist with so many items takes another one.
 *
 * @throws {WishlistRefusal} wishlist_full
 */
export function checkRoom(count: number): void {
  if (count >= maximumItems) throw new WishlistRefusal('wishlist_full');
}
