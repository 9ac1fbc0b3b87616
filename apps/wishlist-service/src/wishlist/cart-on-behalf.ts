import { type Hop, HopError } from '@latchkey/auth-client';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import type { CartAdditions } from './cart-additions.ts';
import { type CartRefusalCode, cartRefusals } from './move-rules.ts';

/** The least privilege that wishlist-service needs on a person's cart. */
export const cartScopes = ['cart:write'] as const;

const problemSchema = Type.Object({ code: Type.String() });

/**
 * The requesting person's cart: calls cart-service on the person's behalf. The request's route must require auth.
 *
 * @example const cart = cartOnBehalf(app.serviceClient('cart-service', { scopes: cartScopes }), request);
 */
export function cartOnBehalf(hop: Hop, request: FastifyRequest): CartAdditions {
  return {
    async add(sku, { id, quantity, unitPrice }) {
      const response = await hop.fetch(request, '/cart/items', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': id },
        body: JSON.stringify({ sku, quantity, unit_price: unitPrice }),
      });
      if (response.ok) return { outcome: 'added' };
      const problem: unknown = await response.json().catch(() => undefined);
      if (Check(problemSchema, problem) && isRefusal(problem.code)) {
        return { outcome: 'refused', code: problem.code };
      }
      const reason = `answered ${response.status}`;
      throw new HopError('hop_failed', { hop: 'cart-service', outcome: 'unknown', reason });
    },
  };
}

function isRefusal(code: string): code is CartRefusalCode {
  return Object.hasOwn(cartRefusals, code);
}
