import { type Hop, HopError } from '@latchkey/auth-client';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import type { CartCheckout, CartClaim } from './cart-checkout.ts';

/** The least privilege that payment-service needs on a person's cart. */
export const cartScopes = ['cart:checkout'] as const;

const checkoutSchema = Type.Object({
  status: Type.Union([Type.Literal('open'), Type.Literal('completed'), Type.Literal('released')]),
  totals: Type.Array(Type.Object({ amount: Type.Integer(), currency: Type.String() }), { maxItems: 1 }),
});
const problemSchema = Type.Object({ code: Type.String() });

/**
 * The requesting person's cart: calls cart-service on the person's behalf. The request's route must require auth.
 *
 * @example const cart = cartOnBehalf(app.serviceClient('cart-service', { scopes: cartScopes }), request);
 */
export function cartOnBehalf(hop: Hop, request: FastifyRequest): CartCheckout {
  const pathOf = (paymentId: string) => `/cart/checkouts/${encodeURIComponent(paymentId)}`;

  return {
    async claim(paymentId) {
      const response = await hop.fetch(request, pathOf(paymentId), { method: 'PUT' });
      const body: unknown = await response.json().catch(() => undefined);
      if (response.ok) return claimFrom(body);
      const code = Check(problemSchema, body) ? body.code : undefined;
      if (code === 'cart_empty') return { state: 'cart_empty' };
      if (code === 'checkout_in_progress') return { state: 'in_progress' };
      throw unexpected(response.status);
    },

    async complete(paymentId) {
      const response = await hop.fetch(request, `${pathOf(paymentId)}/complete`, { method: 'POST' });
      if (response.ok) return;
      const body: unknown = await response.json().catch(() => undefined);
      // The payment is older than claims are: it claimed nothing, so there is nothing to take out.
      if (Check(problemSchema, body) && body.code === 'checkout_not_found') return;
      throw unexpected(response.status);
    },

    async release(paymentId) {
      const response = await hop.fetch(request, `${pathOf(paymentId)}/release`, { method: 'POST' });
      if (!response.ok) throw unexpected(response.status);
    },
  };
}

function claimFrom(body: unknown): CartClaim {
  if (!Check(checkoutSchema, body)) throw unexpected('what is no checkout');
  if (body.status === 'released') return { state: 'given_up' };
  const [total] = body.totals;
  return total ? { state: 'claimed', total } : { state: 'cart_empty' };
}

function unexpected(what: number | string): HopError {
  return new HopError('hop_failed', { hop: 'cart-service', outcome: 'unknown', reason: `answered ${what}` });
}
