import { randomUUID } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { unreachable } from '../test-carts.ts';
import { startWishlistService, tea } from '../wishlist-fixture.ts';

const service = await forThisFile(startWishlistService());
afterEach(() => service.carts.healthy());

const price = { amount: 450, currency: 'EUR' };

async function wisher(subject: string) {
  const token = service.moverToken(subject);
  const { body: item } = await service.add(tea, { token });
  return {
    id: item.id,
    token,
    move: (body: unknown = { unit_price: price, quantity: 2 }) =>
      service.call(`/wishlist/items/${item.id}/move`, { method: 'POST', body, token }),
    statuses: async () => (await service.wishlist(token)).items.map(({ status }) => status),
    inCart: () => service.carts.in(subject),
  };
}

describe('a move', () => {
  it('takes the item off the list and into the cart', async () => {
    const { move, statuses, inCart } = await wisher('ada');
    const moved = await move();
    expect([moved.status, moved.body]).toEqual([200, { sku: 'tea', quantity: 2, unit_price: price }]);
    expect(inCart()).toEqual([{ sku: 'tea', quantity: 2 }]);
    expect(await statuses()).toEqual([]);
    expect((await move()).body).toMatchObject({ status: 404, code: 'item_not_found' });
    expect(inCart()).toHaveLength(1);
  });

  it('is of one piece unless told otherwise', async () => {
    const { move, inCart } = await wisher('bea');
    expect((await move({ unit_price: price })).body).toMatchObject({ quantity: 1 });
    expect(inCart()).toEqual([{ sku: 'tea', quantity: 1 }]);
  });

  it.each([
    ['cart_full', 409],
    ['quantity_limit', 409],
    ['currency_conflict', 409],
    ['invalid_currency', 422],
  ] as const)(
    'that the cart refuses by %s leaves it on the list, to be tried again',
    async (code, status) => {
      const { move, statuses, inCart } = await wisher(code);
      service.carts.refuse(code);
      const refused = await move();
      expect(refused.body).toMatchObject({ status, code, hop: 'cart-service' });
      expect(await statuses()).toEqual(['wished']);
      service.carts.healthy();
      expect((await move()).status).toBe(200);
      expect(inCart()).toHaveLength(1);
    },
  );

  it('many times at once happens once', async () => {
    const { move, statuses, inCart } = await wisher('crowd');
    const replies = await Promise.all(Array.from({ length: 20 }, () => move()));
    for (const { status } of replies) expect([200, 404]).toContain(status);
    expect(replies.some(({ status }) => status === 200)).toBe(true);
    expect(inCart()).toEqual([{ sku: 'tea', quantity: 2 }]);
    expect(await statuses()).toEqual([]);
  });
});

describe.each(['before', 'after'] as const)('when the cart fails %s a move arrives', (when) => {
  const breakCart = () => service.carts[when](() => Promise.reject(unreachable()));

  it('the item is shown as moving, and moving it again puts it in one place, as it was first asked for', async () => {
    const { move, statuses, inCart } = await wisher(`moves again ${when}`);
    breakCart();
    expect((await move()).body).toMatchObject({ status: 503, code: 'hop_unavailable' });
    expect(await statuses()).toEqual(['moving']);
    service.carts.healthy();
    const again = await move({ unit_price: { amount: 1, currency: 'USD' }, quantity: 9 });
    expect([again.status, again.body]).toEqual([200, { sku: 'tea', quantity: 2, unit_price: price }]);
    expect(inCart()).toEqual([{ sku: 'tea', quantity: 2 }]);
    expect(await statuses()).toEqual([]);
  });

  it('reading the list settles it', async () => {
    const { move, statuses, inCart } = await wisher(`reads ${when}`);
    breakCart();
    await move();
    service.carts.healthy();
    expect(await statuses()).toEqual([]);
    expect(inCart()).toEqual([{ sku: 'tea', quantity: 2 }]);
  });

  it('reading it with less than the move needs changes nothing', async () => {
    const { move, inCart, statuses } = await wisher(`only looks ${when}`);
    breakCart();
    await move();
    service.carts.healthy();
    const had = inCart().length;
    for (const scope of ['wishlist:read', 'wishlist:read wishlist:write', 'wishlist:read cart:write']) {
      const { items } = await service.wishlist(service.tokenOf(`only looks ${when}`, scope));
      expect(items.map(({ status }) => status)).toEqual(['moving']);
    }
    expect(inCart()).toHaveLength(had);
    expect(await statuses()).toEqual([]);
  });

  it('meanwhile it cannot be removed, and wishing for it again finds it', async () => {
    const { id, move, token, statuses } = await wisher(`impatient ${when}`);
    breakCart();
    await move();
    const removed = await service.call(`/wishlist/items/${id}`, { method: 'DELETE', token });
    expect(removed.body).toMatchObject({ status: 409, code: 'item_moving' });
    expect((await service.add(tea, { token })).body).toMatchObject({ id, status: 'moving' });
    expect(await statuses()).toEqual(['moving']);
  });
});

it('an unreachable cart does not prevent reading the list, and is asked once for each reading', async () => {
  const subject = 'three on the way';
  const token = service.moverToken(subject);
  let asked = 0;
  service.carts.before(() => {
    asked += 1;
    throw unreachable();
  });
  for (const sku of ['a', 'b', 'c']) {
    const { body } = await service.add({ sku }, { token });
    await service.call(`/wishlist/items/${body.id}/move`, {
      method: 'POST',
      body: { unit_price: price },
      token,
    });
  }
  asked = 0;
  expect((await service.wishlist(token)).items.map(({ status }) => status)).toEqual([
    'moving',
    'moving',
    'moving',
  ]);
  expect(asked).toBe(1);
  expect(service.log()).toContain('a move could not be settled yet');
  service.carts.healthy();
  expect((await service.wishlist(token)).items).toEqual([]);
  expect(service.carts.in(subject).map(({ sku }) => sku)).toEqual(['a', 'b', 'c']);
});

describe('a bad request to move', () => {
  it.each([
    ['no price', { quantity: 1 }],
    ['no currency', { unit_price: { amount: 1 } }],
    ['a negative price', { unit_price: { amount: -1, currency: 'EUR' } }],
    ['a price over the limit', { unit_price: { amount: 10_000_000_001, currency: 'EUR' } }],
    ['quantity 0', { unit_price: price, quantity: 0 }],
    ['quantity 1000', { unit_price: price, quantity: 1000 }],
    ['an unknown field', { unit_price: price, sku: 'cup' }],
  ])('with %s changes nothing', async (what, body) => {
    const { move, statuses } = await wisher(what);
    expect((await move(body)).body).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(await statuses()).toEqual(['wished']);
  });

  it('for another person’s item, or an unknown one, gets the same answer', async () => {
    const { id } = await wisher('owner');
    for (const item of [id, randomUUID()]) {
      const reply = await service.call(`/wishlist/items/${item}/move`, {
        method: 'POST',
        body: { unit_price: price },
        token: service.moverToken('stranger'),
      });
      expect(reply.body).toMatchObject({ status: 404, code: 'item_not_found' });
    }
  });

  it('without a token is refused', async () => {
    const { id, statuses } = await wisher('nobody');
    const path = `/wishlist/items/${id}/move`;
    const reply = await service.call(path, { method: 'POST', body: '{"malformed', token: '' });
    expect(reply.body).toMatchObject({ status: 401, code: 'missing_token' });
    expect(await statuses()).toEqual(['wished']);
  });

  it.each(['wishlist:write', 'cart:write', 'wishlist:read'])('with %s alone is refused', async (scope) => {
    const { id, statuses } = await wisher(`has ${scope}`);
    const reply = await service.call(`/wishlist/items/${id}/move`, {
      method: 'POST',
      body: { unit_price: price },
      token: service.tokenOf(`has ${scope}`, scope),
    });
    expect(reply.body).toMatchObject({ status: 403, code: 'insufficient_scope' });
    expect(reply.headers['www-authenticate']).toContain('scope="wishlist:write cart:write"');
    expect(await statuses()).toEqual(['wished']);
  });
});
