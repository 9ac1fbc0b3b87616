/** Items that a wishlist holds at most. */
export const maximumItems = 200;
/** Characters of a note at most. */
export const maximumNoteLength = 500;

export interface WishlistItem {
  id: string;
  sku: string;
  note: string | null;
  addedAt: Date;
}

/** A change that the rules of a wishlist do not allow. Its message may be shown. */
export class WishlistRefusal extends Error {
  override readonly name = 'WishlistRefusal';
  readonly code = 'wishlist_full';
  readonly status = 409;

  constructor() {
    super(`A wishlist holds at most ${maximumItems} items.`);
  }
}

/**
 * Makes sure that a wishlist with so many items takes another one.
 *
 * @throws {WishlistRefusal} wishlist_full
 */
export function checkRoom(count: number): void {
  if (count >= maximumItems) throw new WishlistRefusal();
}
