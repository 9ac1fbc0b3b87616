import type { CartLine } from '../cart/rules.ts';

/** The status of a checkout. `completed` and `released` are final. */
export const checkoutStatuses = ['open', 'completed', 'released'] as const;
export type CheckoutStatus = (typeof checkoutStatuses)[number];

/** What ends a checkout: `complete` after the payment, `release` when there will be no payment. */
export type CheckoutEvent = 'complete' | 'release';

/**
 * A claim on a cart: its lines at one moment, kept under the payment's id. The cart may change afterwards. The payment
 * is for the claimed lines.
 */
export type Checkout = {
  readonly id: string;
  readonly status: CheckoutStatus;
  /** The lines at the time of the claim. They never change. */
  readonly lines: readonly CartLine[];
  readonly claimedAt: Date;
};

const refusals = {
  cart_empty: { status: 409, message: 'The cart is empty.' },
  checkout_in_progress: { status: 409, message: 'Another checkout of this cart is not finished.' },
  checkout_completed: { status: 409, message: 'The checkout was completed, and cannot be released.' },
  checkout_released: { status: 409, message: 'The checkout was released, and cannot be completed.' },
  checkout_not_found: { status: 404, message: 'There is no such checkout.' },
} as const;

/** A step that the checkout rules do not allow. Its message may be shown to the person. */
export class CheckoutRefusal extends Error {
  override readonly name = 'CheckoutRefusal';
  readonly code: keyof typeof refusals;
  readonly status: number;

  constructor(code: keyof typeof refusals) {
    super(refusals[code].message);
    this.code = code;
    this.status = refusals[code].status;
  }
}

/**
 * Checks that a cart with these lines can be claimed. Does not look for an earlier claim with the same id: the caller
 * returns such a claim as it is.
 *
 * @throws {CheckoutRefusal} checkout_in_progress, cart_empty
 */
export function checkClaim({ lines, open }: { lines: readonly CartLine[]; open: boolean }): void {
  if (open) throw new CheckoutRefusal('checkout_in_progress');
  if (lines.length === 0) throw new CheckoutRefusal('cart_empty');
}

const endedBy = { complete: 'completed', release: 'released' } as const;

/**
 * The status that an event leads to; undefined when the event has happened already.
 *
 * @throws {CheckoutRefusal} checkout_completed, checkout_released: the checkout ended the other way
 * @example statusAfter('open', 'complete') // 'completed'
 */
export function statusAfter(status: CheckoutStatus, event: CheckoutEvent): CheckoutStatus | undefined {
  const next = endedBy[event];
  if (status === next) return undefined;
  if (status === 'open') return next;
  throw new CheckoutRefusal(status === 'completed' ? 'checkout_completed' : 'checkout_released');
}

/**
 * The lines that remain after a completed checkout: each quantity is reduced by the claimed quantity, at most to
 * nothing. What the person added after the claim stays.
 *
 * @example linesAfterCheckout([tea × 5], [tea × 2, cup × 1]) // [tea × 3]
 */
export function linesAfterCheckout(lines: readonly CartLine[], claimed: readonly CartLine[]): CartLine[] {
  const taken = new Map(claimed.map(({ sku, quantity }) => [sku, quantity]));
  return lines
    .map((line) => ({ ...line, quantity: line.quantity - (taken.get(line.sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
}
