import type { Money } from './money.ts';

/** The result of a claim on the buyer's cart. */
export type CartClaim =
  /** The cart's lines are kept for this payment, and `total` is their price. They may have been taken out already. */
  | { readonly state: 'claimed'; readonly total: Money }
  /** The claim was given up for good: the processor was told never to charge this payment. */
  | { readonly state: 'given_up' }
  | { readonly state: 'cart_empty' }
  /** Another payment has claimed the cart. */
  | { readonly state: 'in_progress' };

/**
 * The port to one buyer's cart, which another service keeps. The payment's id is the reference everywhere. Every call
 * may be repeated and then answers the same. A call throws when the cart cannot be reached: then it is not known
 * whether it took effect.
 *
 * Two rules keep a payment and its cart consistent, whatever crashes in between. A cart is completed only after the
 * processor has confirmed the charge. A claim is released only after the processor has confirmed that it has not
 * charged this reference and never will.
 */
export type CartCheckout = {
  /** Reserves the cart's current lines for this payment. */
  claim(paymentId: string): Promise<CartClaim>;
  /** Takes the claimed lines out of the cart. */
  complete(paymentId: string): Promise<void>;
  /** Gives the claim up. A claim that has not been made yet can then never be made. */
  release(paymentId: string): Promise<void>;
};
