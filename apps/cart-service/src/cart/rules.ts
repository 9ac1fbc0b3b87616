/** Maximum number of lines in a cart. */
export const maximumLines = 100;
/** Maximum quantity of one line. */
export const maximumQuantity = 999;
/**
 * The maximum unit price in minor units: a hundred million euros. The total of a full cart stays below 2^53
 * (100 × 999 × 10^10 ≈ 10^15), so sums are exact.
 */
export const maximumUnitAmount = 10_000_000_000;

/** An amount in the currency's minor units (cents, yen) and its ISO 4217 code. */
export type Money = {
  amount: number;
  currency: string;
};

export type CartLine = {
  sku: string;
  quantity: number;
  unitPrice: Money;
};

export type Cart = {
  lines: CartLine[];
  /** null: the cart is empty. */
  updatedAt: Date | null;
};

const refusals = {
  invalid_currency: { status: 422, message: 'The currency is not an ISO 4217 code in use.' },
  currency_conflict: { status: 409, message: 'The cart holds things in another currency.' },
  cart_full: { status: 409, message: `A cart holds at most ${maximumLines} different things.` },
  quantity_limit: { status: 409, message: `A cart holds at most ${maximumQuantity} pieces of one thing.` },
  idempotency_key_reused: {
    status: 422,
    message: 'This Idempotency-Key came with another request before. Make a new key for a new request.',
  },
} as const;

/** The result of adding to a cart. */
export type Addition = {
  /** The line after the addition. */
  line: CartLine;
  /** False when the cart held this SKU already, and its quantity grew. */
  created: boolean;
  /** True when the key is a repetition: nothing was added this time. */
  replayed: boolean;
};

export type CartRefusalCode = keyof typeof refusals;

/** A change that the cart's rules do not allow. Its message may be shown to the person. */
export class CartRefusal extends Error {
  override readonly name = 'CartRefusal';
  readonly code: CartRefusalCode;
  readonly status: number;

  constructor(code: CartRefusalCode) {
    super(refusals[code].message);
    this.code = code;
    this.status = refusals[code].status;
  }
}

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** True for an upper-case ISO 4217 code of real money; test and metal codes (XTS, XAU) are not in the list. */
export function isCurrency(code: string): boolean {
  return currencies.has(code);
}

/**
 * The line that results from adding to a cart with these lines. If the cart has the SKU already, the quantities add up,
 * and all pieces take the newest price: a cart shows the shop's current price.
 *
 * @throws {CartRefusal} invalid_currency, currency_conflict, cart_full, quantity_limit
 * @example lineAfterAdding([], { sku: 'tea', quantity: 2, unitPrice: { amount: 450, currency: 'EUR' } })
 */
export function lineAfterAdding(lines: readonly CartLine[], addition: CartLine): CartLine {
  const { currency } = addition.unitPrice;
  if (!isCurrency(currency)) throw new CartRefusal('invalid_currency');
  const present = lines.find(({ sku }) => sku === addition.sku);
  const others = lines.filter((line) => line !== present);
  if (others.some((line) => line.unitPrice.currency !== currency)) throw new CartRefusal('currency_conflict');
  if (others.length >= maximumLines) throw new CartRefusal('cart_full');
  const quantity = (present?.quantity ?? 0) + addition.quantity;
  if (quantity > maximumQuantity) throw new CartRefusal('quantity_limit');
  return { ...addition, quantity };
}

/** True when none of these lines has the line's SKU. */
export function isNew(lines: readonly CartLine[], { sku }: CartLine): boolean {
  return lines.every((line) => line.sku !== sku);
}

/** The price of all pieces of a line. */
export function lineTotal({ quantity, unitPrice }: CartLine): Money {
  return { amount: quantity * unitPrice.amount, currency: unitPrice.currency };
}

/** The cart's total: one sum, because a cart has one currency; no sum for an empty cart. */
export function totalsOf(lines: readonly CartLine[]): Money[] {
  const [first] = lines;
  if (first === undefined) return [];
  const amount = lines.reduce((sum, line) => sum + lineTotal(line).amount, 0);
  return [{ amount, currency: first.unitPrice.currency }];
}
