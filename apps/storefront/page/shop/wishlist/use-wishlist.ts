import { useMutation, useQuery } from '@tanstack/react-query';
import { ask } from '../../services/ask.ts';
import { useInvalidate, useKey } from '../../services/queries.ts';
import { useSession } from '../../session/use-session.ts';
import type { Money } from '../money.ts';

export type WishlistItem = {
  readonly id: string;
  readonly sku: string;
  readonly note: string | null;
  /** `moving`: on its way into the cart, which may have it already. */
  readonly status: 'wished' | 'moving';
  readonly added_at: string;
};
export type Wishlist = { readonly items: readonly WishlistItem[] };

const pathOf = (id: string) => `/wishlist/items/${encodeURIComponent(id)}`;

/** The wishlist of who is signed in. */
export function useWishlist() {
  const signedIn = useSession().status === 'signed_in';
  return useQuery({
    queryKey: useKey('wishlist'),
    queryFn: async () => (await ask<Wishlist>('wishlist-service', '/wishlist')).body,
    enabled: signedIn,
  });
}

/** Wishes for a thing. One that is on the list already stays as it is. */
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
    onSuccess: () => void invalidate('wishlist'),
  });
}

export function useUnwish() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: (id: string) => ask<null>('wishlist-service', pathOf(id), { method: 'DELETE' }),
    onSettled: () => void invalidate('wishlist'),
  });
}

/** Has wishlist-service put a thing into the cart on the person's behalf. Asking again carries on with the same move. */
export function useMoveToCart() {
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: ({ id, price }: { id: string; price: Money }) =>
      ask<{ sku: string; quantity: number }>('wishlist-service', `${pathOf(id)}/move`, {
        method: 'POST',
        body: { unit_price: price, quantity: 1 },
      }),
    onSettled: () => void invalidate('wishlist', 'cart'),
  });
}
