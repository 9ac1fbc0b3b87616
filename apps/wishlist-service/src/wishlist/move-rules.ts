/** Pieces that one move puts into the cart at most; the cart's own limit. */
export const maximumQuantity = 999;
/** The highest price of one piece, in minor units; the cart's own limit. */
export const maximumUnitAmount = 10_000_000_000;

/** An amount in the currency's minor units (cents, yen) and its ISO 4217 code. */
export interface Money {
  amount: number;
  currency: string;
}

/** What is to be put into the cart. */
export interface MoveOrder {
  quantity: number;
  unitPrice: Money;
}

/** A move under way. Its id is what the cart knows it by: however often it is asked, it adds once. */
export interface Move extends MoveOrder {
  id: string;
}

/** Why the cart does not take a thing. */
export const cartRefusals = {
  cart_full: { code: 'cart_full', status: 409, detail: 'The cart holds as many different things as it can.' },
  quantity_limit: {
    code: 'quantity_limit',
    status: 409,
    detail: 'The cart would hold too many pieces of this.',
  },
  currency_conflict: {
    code: 'currency_conflict',
    status: 409,
    detail: 'The cart holds things in another currency.',
  },
  invalid_currency: {
    code: 'invalid_currency',
    status: 422,
    detail: 'The currency is not an ISO 4217 code in use.',
  },
} as const;
export type CartRefusalCode = keyof typeof cartRefusals;

/** What the cart said about a move. It is final: the same move is always answered the same. */
export type CartVerdict = { outcome: 'added' } | { outcome: 'refused'; code: CartRefusalCode };

/** Where an item is. While it is `moving` nobody can tell whether the cart has it already; asking again tells. */
export const itemStatuses = ['wished', 'moving'] as const;
export type ItemStatus = (typeof itemStatuses)[number];

/** What happens to an item on its way into the cart. No word of the cart, no event. */
export type MoveEvent = 'asked_for' | 'added' | 'refused';

/**
 * The whole life of an item on its way into the cart. `gone`: it is in the cart, and no longer on the list. Only the
 * cart's verdict ends a move, so that the thing is in one place in the end, whatever dies in between.
 */
export const moveTransitions: Readonly<Record<ItemStatus, Partial<Record<MoveEvent, ItemStatus | 'gone'>>>> =
  {
    wished: { asked_for: 'moving' },
    // Asked for again, it carries on with the move that is under way.
    moving: { asked_for: 'moving', added: 'gone', refused: 'wished' },
  };
