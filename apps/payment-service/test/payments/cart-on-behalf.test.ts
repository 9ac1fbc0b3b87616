import { type Hop, HopError, type HopInit } from '@latchkey/auth-client';
import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { cartOnBehalf } from '../../src/payments/cart-on-behalf.ts';

const id = '0b5a4f5e-6a43-4d0b-9d0a-0d1f6f5b7c11';
const request = {} as FastifyRequest;

/** A cart-service that always gives this answer. End-to-end tests call the real one. */
function cartThatAnswers(status: number, body: unknown) {
  const asked: string[] = [];
  const hop: Hop = {
    async fetch(_request, path, { method = 'GET' }: HopInit = {}) {
      asked.push(`${method} ${path}`);
      return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
    },
  };
  return { cart: cartOnBehalf(hop, request), asked };
}

const total = { amount: 2100, currency: 'EUR' };

test.each([
  [201, { status: 'open', totals: [total], items: [] }, { state: 'claimed', total }],
  [200, { status: 'completed', totals: [total] }, { state: 'claimed', total }],
  [200, { status: 'released', totals: [total] }, { state: 'given_up' }],
  [200, { status: 'released', totals: [] }, { state: 'given_up' }],
  [409, { code: 'cart_empty' }, { state: 'cart_empty' }],
  [409, { code: 'checkout_in_progress' }, { state: 'in_progress' }],
])('a claim that is answered %d %j: %j', async (status, body, claim) => {
  const { cart, asked } = cartThatAnswers(status, body);
  expect(await cart.claim(id)).toEqual(claim);
  expect(asked).toEqual([`PUT /cart/checkouts/${id}`]);
});

test.each<[number, unknown]>([
  [200, 'not JSON'],
  [200, { status: 'open', totals: [{ amount: '2100', currency: 'EUR' }] }],
  [200, { status: 'open', totals: [total, total] }],
  [200, { status: 'lost', totals: [total] }],
  [404, { code: 'not_found' }],
  [409, { code: 'something_else' }],
  [409, 'not JSON'],
])('a claim that is answered %d %j is a failed hop, and never a charge', async (status, body) => {
  const failure = await cartThatAnswers(status, body)
    .cart.claim(id)
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(HopError);
  expect(failure).toMatchObject({ code: 'hop_failed', status: 502, hop: 'cart-service', outcome: 'unknown' });
});

test('completions and releases carry the payment’s id', async () => {
  const { cart, asked } = cartThatAnswers(200, {});
  await cart.complete(id);
  await cart.release(id);
  expect(asked).toEqual([`POST /cart/checkouts/${id}/complete`, `POST /cart/checkouts/${id}/release`]);
});

test('completing an unknown claim counts as done; any other refusal is a failed hop', async () => {
  await cartThatAnswers(404, { code: 'checkout_not_found' }).cart.complete(id);
  for (const [status, code] of [
    [404, 'not_found'],
    [409, 'checkout_released'],
  ] as const) {
    await expect(cartThatAnswers(status, { code }).cart.complete(id)).rejects.toThrow(HopError);
  }
  await expect(cartThatAnswers(409, { code: 'checkout_completed' }).cart.release(id)).rejects.toThrow(
    HopError,
  );
});
