/** Maximum quantity of one move. It is the cart's own limit. */
export const maximumQuantity = 999;
/** The maximum unit price in minor units. It is the cart's own limit. */
export const maximumUnitAmount = 10_000_000_000;

/** An amount in the currency's minor units (cents, yen) and its ISO 4217 code. */
export type Money = {
  amount: number;
  currency: string;
};

/** What a move adds to the cart. */
export type MoveOrder = {
  quantity: number;
  unitPrice: Money;
};

/** A move under way. Its id is the cart's idempotency key: the cart adds it once, however often it is sent. */
export interface Move extends MoveOrder {
  id: string;
}

/** Why the cart refuses an item. */
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

/** The cart's verdict on a move. It is final: the same move always gets the same verdict. */
export type CartVerdict = { outcome: 'added' } | { outcome: 'refused'; code: CartRefusalCode };

/** An item's status. `moving`: it is not known whether the cart has the item yet; repeating the move tells. */
export const itemStatuses = ['wished', 'moving'] as const;
export type ItemStatus = (typeof itemStatuses)[number];

/** The events of a move into the cart. A cart that does not answer causes no event. */
export type MoveEvent = 'asked_for' | 'added' | 'refused';

/**
 * The state machine of a move. `gone`: the item is in the cart and no longer on the list. Only the cart's verdict ends
 * a move, so that the item ends in one place, whatever crashes in between.
 */
export const moveTransitions: Readonly<Record<ItemStatus, Partial<Record<MoveEvent, ItemStatus | 'gone'>>>> =
  {
    wished: { asked_for: 'moving' },
    // A repeated request continues the move that is under way.
    moving: { asked_for: 'moving', added: 'gone', refused: 'wished' },
  };
