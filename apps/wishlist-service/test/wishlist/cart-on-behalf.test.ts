import { type Hop, HopError, type HopInit } from '@latchkey/auth-client';
import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { cartOnBehalf } from '../../src/wishlist/cart-on-behalf.ts';

const move = { id: 'move-1', quantity: 2, unitPrice: { amount: 450, currency: 'EUR' } };

/** A cart-service that always gives this answer. End-to-end tests call the real one. */
function cartThatAnswers(status: number, body: unknown) {
  const asked: [path: string, init: HopInit | undefined][] = [];
  const hop: Hop = {
    async fetch(_request, path, init) {
      asked.push([path, init]);
      return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
    },
  };
  return { cart: cartOnBehalf(hop, {} as FastifyRequest), asked };
}

test.each([201, 200])(
  'an addition that is answered %d is in the cart; its key is the move’s id',
  async (status) => {
    const { cart, asked } = cartThatAnswers(status, {});
    expect(await cart.add('tea', move)).toEqual({ outcome: 'added' });
    const [[path, init] = []] = asked;
    expect([path, init?.method, init?.headers?.['idempotency-key']]).toEqual([
      '/cart/items',
      'POST',
      'move-1',
    ]);
    expect(JSON.parse(String(init?.body))).toEqual({ sku: 'tea', quantity: 2, unit_price: move.unitPrice });
  },
);

test.each([
  [409, 'cart_full'],
  [409, 'quantity_limit'],
  [409, 'currency_conflict'],
  [422, 'invalid_currency'],
])('%d %s is the cart’s final word', async (status, code) => {
  expect(await cartThatAnswers(status, { code }).cart.add('tea', move)).toEqual({ outcome: 'refused', code });
});

test.each<[number, unknown]>([
  [422, { code: 'idempotency_key_reused' }],
  [400, { code: 'invalid_request' }],
  [409, { code: 'toString' }],
  [409, 'not JSON'],
  [404, {}],
])('%d %j is no verdict, but a failed hop', async (status, body) => {
  const failure = await cartThatAnswers(status, body)
    .cart.add('tea', move)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(HopError);
  expect(failure).toMatchObject({ code: 'hop_failed', hop: 'cart-service', outcome: 'unknown' });
});
