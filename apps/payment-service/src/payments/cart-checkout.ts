import type { Money } from './money.ts';

/** What a claim on the buyer's cart came to. */
export type CartClaim =
  /** The cart's lines are kept for this payment; this is what they cost. They may have been taken out already. */
  | { readonly state: 'claimed'; readonly total: Money }
  /** The claim was given up before, for good: the processor was told never to charge this payment. */
  | { readonly state: 'given_up' }
  | { readonly state: 'cart_empty' }
  /** Another payment has claimed the cart. */
  | { readonly state: 'in_progress' };

/**
 * The port to one buyer's cart, which is somebody else's to keep. The payment's id is the reference everywhere.
 * Every call may be repeated, and then answers as it did; it throws when the cart cannot be reached, and then it is
 * not known whether it happened.
 *
 * Two rules make a payment and its cart agree, whatever dies in between. A cart is completed only after the processor
 * has said that the money was taken. A claim is released only after the processor has said that it was not, and never
 * will be under this reference.
 */
export interface CartCheckout {
  /** Keeps what the cart holds now for this payment. */
  claim(paymentId: string): Promise<CartClaim>;
  /** Takes what was claimed out of the cart. */
  complete(paymentId: string): Promise<void>;
  /** Gives the claim up, also one that has not been made yet. */
  release(paymentId: string): Promise<void>;
}
