import type { Move } from './move-rules.ts';

/** Maximum number of items on a wishlist. */
export const maximumItems = 200;
/** Maximum length of a note in characters. */
export const maximumNoteLength = 500;

export type WishlistItem = {
  id: string;
  sku: string;
  note: string | null;
  addedAt: Date;
  /** The move into the cart that is under way; null when there is none. */
  move: Move | null;
};

export type MovingItem = WishlistItem & { move: Move };

const refusals = {
  wishlist_full: `A wishlist holds at most ${maximumItems} items.`,
  item_moving: 'The item is on its way into the cart: move it again, or read the list, to learn where it is.',
} as const;

/** A change that the wishlist's rules do not allow. Its message may be shown to the person. */
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
 * Checks that a wishlist with `count` items has room for another one.
 *
 * @throws {WishlistRefusal} wishlist_full
 */
export function checkRoom(count: number): void {
  if (count >= maximumItems) throw new WishlistRefusal('wishlist_full');
}
