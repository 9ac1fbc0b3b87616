import { ProblemError } from '@latchkey/service-kit';
import type { CartAdditions } from './cart-additions.ts';
import { itemNotFound } from './item-not-found.ts';
import { type CartVerdict, cartRefusals, type Move, type MoveOrder } from './move-rules.ts';
import type { MovingItem, WishlistItem } from './rules.ts';
import type { WishlistStore } from './store.ts';

export type MoveContext = {
  readonly store: WishlistStore;
  /** The requesting person's cart. */
  readonly cart: CartAdditions;
};

export type MoveRequest = {
  readonly subject: string;
  readonly itemId: string;
  readonly order: MoveOrder;
};

/** The item that was moved into the cart. */
export type Moved = { readonly sku: string; readonly move: Move };

/**
 * Moves an item into the cart: marks it on the list, adds it to the cart, takes it off the list. Each step can be
 * repeated, so the item ends in one place, whatever crashes in between. A move that is under way already continues with
 * its first order, whatever `order` says now.
 *
 * @throws ProblemError 404 `item_not_found`; 409 `cart_full`, `quantity_limit`, `currency_conflict` and 422
 *   `invalid_currency`: the cart refuses the item, which stays on the list. It also throws what the cart throws when
 *   there is no verdict: the item then stays `moving` until it is moved again or the list is read.
 * @example await moveToCart({ store, cart }, { subject, itemId, order: { quantity: 1, unitPrice } })
 */
export async function moveToCart(
  { store, cart }: MoveContext,
  { subject, itemId, order }: MoveRequest,
): Promise<Moved> {
  const item = await store.beginMove(subject, { id: itemId, order });
  if (item === undefined) throw itemNotFound();
  const verdict = await carryOn({ store, cart }, subject, item);
  if (verdict.outcome === 'refused') throw refusal(verdict.code);
  return { sku: item.sku, move: item.move };
}

/**
 * Continues the moves that have no verdict, until the cart gives none. Returns the error that stopped it, for the log:
 * reading a list does not fail because the cart is unreachable.
 */
export async function settleMoves(
  context: MoveContext,
  subject: string,
  items: readonly WishlistItem[],
): Promise<{ settled: number; cartFault?: unknown }> {
  let settled = 0;
  for (const item of items) {
    if (item.move === null) continue;
    try {
      await carryOn(context, subject, { ...item, move: item.move });
      settled += 1;
    } catch (cartFault) {
      return { settled, cartFault };
    }
  }
  return { settled };
}

async function carryOn(
  { store, cart }: MoveContext,
  subject: string,
  item: MovingItem,
): Promise<CartVerdict> {
  const verdict = await cart.add(item.sku, item.move);
  await store.endMove(subject, { id: item.id, moveId: item.move.id, event: verdict.outcome });
  return verdict;
}

function refusal(code: keyof typeof cartRefusals): ProblemError {
  return new ProblemError({ ...cartRefusals[code], extensions: { hop: 'cart-service' } });
}
