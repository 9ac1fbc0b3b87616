import { useMutation, useQuery } from '@tanstack/react-query';
import type { Money } from '../../i18n/money.ts';
import { ask } from '../../services/ask.ts';
import { useInvalidate, useKey } from '../../services/queries.ts';
import { ServiceError } from '../../services/service-error.ts';
import { useScope } from '../../session/use-session.ts';
import type { Cart } from '../cart/cart-rules.ts';

export type WishlistItem = {
  readonly id: string;
  readonly sku: string;
  readonly note: string | null;
  /** `moving`: being moved into the cart, which may have it already. */
  readonly status: 'wished' | 'moving';
  readonly added_at: string;
};
export type Wishlist = { readonly items: readonly WishlistItem[] };

const pathOf = (id: string) => `/wishlist/items/${encodeURIComponent(id)}`;

/** The wishlist of the person who is signed in. */
export function useWishlist() {
  const mayRead = useScope('wishlist:read');
  return useQuery({
    queryKey: useKey('wishlist'),
    queryFn: async () => (await ask<Wishlist>('wishlist-service', '/wishlist')).body,
    enabled: mayRead,
  });
}

/** Adds an item. One that is on the list already stays as it is. */
export function useWish() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: (sku: string) =>
      ask<WishlistItem>('wishlist-service', '/wishlist/items', { method: 'POST', body: { sku } }),
    onSuccess: () => void invalidate('wishlist'),
  });
}

export function useChangeNote() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: ({ id, note }: { id: string; note: string | null }) =>
      ask<WishlistItem>('wishlist-service', pathOf(id), { method: 'PATCH', body: { note } }),
    // Awaited, because until then the list has the old note.
    onSuccess: () => invalidate('wishlist'),
  });
}

export function useUnwish() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: (id: string) => ask<null>('wishlist-service', pathOf(id), { method: 'DELETE' }),
    onSettled: () => void invalidate('wishlist'),
  });
}

/**
 * Has wishlist-service move an item into the cart on the person's behalf. A repetition continues the same move, which
 * may have finished meanwhile: reading the list continues it, too.
 */
export function useMoveToCart() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: async ({ item, price }: { item: WishlistItem; price: Money }) => {
      try {
        const body = { unit_price: price, quantity: 1 };
        await ask('wishlist-service', `${pathOf(item.id)}/move`, { method: 'POST', body });
      } catch (error) {
        const isGone = error instanceof ServiceError && error.facts.code === 'item_not_found';
        if (!isGone || item.status !== 'moving' || !(await isInCart(item.sku))) throw error;
      }
    },
    onSettled: () => void invalidate('wishlist', 'cart'),
  });
}

async function isInCart(sku: string): Promise<boolean> {
  const { body } = await ask<Cart>('cart-service', '/cart');
  return body.items.some((line) => line.sku === sku);
}
