import { describe, expect, it } from 'vitest';
import { checkRoom, maximumItems, WishlistRefusal } from '../../src/wishlist/rules.ts';

describe('a wishlist', () => {
  it('has room for 200 items', () => {
    expect(() => checkRoom(0)).not.toThrow();
    expect(() => checkRoom(maximumItems - 1)).not.toThrow();
    expect(() => checkRoom(maximumItems)).toThrow(WishlistRefusal);
  });
});
