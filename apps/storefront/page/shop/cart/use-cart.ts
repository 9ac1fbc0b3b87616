import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../../services/ask.ts';
import { createIdempotencyKeys } from '../../services/idempotency-keys.ts';
import { useInvalidate, useKey } from '../../services/queries.ts';
import { isRefusedForGood } from '../../services/service-error.ts';
import { useScope } from '../../session/use-session.ts';
import type { Product } from '../products/catalogue.ts';
import { type Cart, type CartLine, without, withQuantity } from './cart-rules.ts';

/** The cart of the person who is signed in. */
export function useCart() {
  const mayRead = useScope('cart:read');
  return useQuery({
    queryKey: useKey('cart'),
    queryFn: async () => (await ask<Cart>('cart-service', '/cart')).body,
    enabled: mayRead,
  });
}

/** Adds one piece to the cart. A repetition after a lost answer sends the same key, so it adds once. */
export function useAddToCart() {
  const [keys] = useState(() => createIdempotencyKeys());
  const invalidate = useInvalidate();
  return useMutation({
    mutationFn: async ({ sku, price }: Product) => {
      const body = { sku, quantity: 1, unit_price: price };
      const idempotencyKey = keys.keyFor(body);
      await ask<CartLine>('cart-service', '/cart/items', { method: 'POST', body, idempotencyKey });
      keys.answered();
    },
    onError: (error) => {
      if (isRefusedForGood(error)) keys.answered();
    },
    onSuccess: () => void invalidate('cart'),
  });
}

const changing = ['change-quantity'] as const;

/**
 * Changes a line's quantity; 0 removes the line. The page shows a change at once and sends changes one after the other,
 * so that the last one counts. After the last answer it reads the cart again, which undoes what was refused.
 */
export function useChangeQuantity() {
  const client = useQueryClient();
  const invalidate = useInvalidate();
  const queryKey = useKey('cart');
  const isLast = () => client.isMutating({ mutationKey: changing }) === 1;
  return useMutation({
    mutationKey: changing,
    scope: { id: 'change-quantity' },
    mutationFn: async ({ sku, quantity }: Pick<CartLine, 'sku' | 'quantity'>) => {
      const path = `/cart/items/${encodeURIComponent(sku)}`;
      if (quantity === 0) await ask<null>('cart-service', path, { method: 'DELETE' });
      else await ask<CartLine>('cart-service', path, { method: 'PATCH', body: { quantity } });
    },
    onMutate: async (change) => {
      await client.cancelQueries({ queryKey });
      const before = client.getQueryData<Cart>(queryKey);
      if (before !== undefined) {
        const after = change.quantity === 0 ? without(before, change.sku) : withQuantity(before, change);
        client.setQueryData<Cart>(queryKey, after);
      }
      return { before };
    },
    onError: (_error, _change, context) => {
      if (isLast()) client.setQueryData(queryKey, context?.before);
    },
    onSettled: () => {
      if (isLast()) void invalidate('cart');
    },
  });
}
