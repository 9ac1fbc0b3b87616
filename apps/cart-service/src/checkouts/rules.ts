import type { CartLine } from '../cart/rules.ts';

/** Where a checkout stands. `completed` and `released` are final. */
export const checkoutStatuses = ['open', 'completed', 'released'] as const;
export type CheckoutStatus = (typeof checkoutStatuses)[number];

/** How a checkout ends: what it claimed was paid for, or will not be. */
export type CheckoutEvent = 'complete' | 'release';

/**
 * A claim on a cart: what it held at one moment, kept under the payment's id. The cart may change meanwhile; what is
 * paid for is what was claimed.
 */
export interface Checkout {
  readonly id: string;
  readonly status: CheckoutStatus;
  /** The lines at the time of the claim. They never change. */
  readonly lines: readonly CartLine[];
  readonly claimedAt: Date;
}

const refusals = {
  cart_empty: { status: 409, message: 'The cart is empty.' },
  checkout_in_progress: { status: 409, message: 'Another checkout of this cart is not finished.' },
  checkout_completed: { status: 409, message: 'The checkout was completed, and cannot be released.' },
  checkout_released: { status: 409, message: 'The checkout was released, and cannot be completed.' },
  checkout_not_found: { status: 404, message: 'There is no such checkout.' },
} as const;

/** A step that the rules of a checkout do not allow. Its message may be shown. */
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
 * Makes sure that a cart with these lines can be claimed. Does not look for an earlier claim with the same id: that
 * one would be answered as it is.
 *
 * @throws {CheckoutRefusal} checkout_in_progress, cart_empty
 */
export function checkClaim({ lines, open }: { lines: readonly CartLine[]; open: boolean }): void {
  if (open) throw new CheckoutRefusal('checkout_in_progress');
  if (lines.length === 0) throw new CheckoutRefusal('cart_empty');
}

const endedBy = { complete: 'completed', release: 'released' } as const;

/**
 * The status that an event leads to, or undefined when it has happened already.
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
 * What a completed checkout leaves of a cart: each thing has as many pieces less as were claimed. What was added after
 * the claim stays; of what was taken out after it nothing more is taken.
 *
 * @example linesAfterCheckout([tea × 5], [tea × 2, cup × 1]) // [tea × 3]
 */
export function linesAfterCheckout(lines: readonly CartLine[], claimed: readonly CartLine[]): CartLine[] {
  const taken = new Map(claimed.map(({ sku, quantity }) => [sku, quantity]));
  return lines
    .map((line) => ({ ...line, quantity: line.quantity - (taken.get(line.sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
}
