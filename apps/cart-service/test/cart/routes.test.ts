import { forThisFile } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type CartBody, cup, type LineBody, startCartService, tea } from '../cart-fixture.ts';

const service = await forThisFile(startCartService());
afterEach(() => service.database.pool.query('delete from carts'));

const line = (body: typeof tea) => ({
  ...body,
  line_total: { amount: body.quantity * body.unit_price.amount, currency: body.unit_price.currency },
});

describe('a cart', () => {
  it('is empty at first', async () => {
    const reply = await service.call<CartBody>('/cart');
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ items: [], totals: [], updated_at: null });
  });

  it('lists its items in the order in which they were added, with sums', async () => {
    const before = Date.now();
    expect(await service.add(tea)).toMatchObject({ status: 201, body: line(tea) });
    expect(await service.add(cup)).toMatchObject({ status: 201, body: line(cup) });
    const { items, totals, updated_at } = await service.cart();
    expect(items).toEqual([line(tea), line(cup)]);
    expect(totals).toEqual([{ amount: 2100, currency: 'EUR' }]);
    expect(Date.parse(updated_at ?? '')).toBeGreaterThanOrEqual(before);
    expect(Date.parse(updated_at ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it('adds up the quantities of an item that is added twice, at the newest price', async () => {
    await service.add(tea);
    const dearer = { ...tea, quantity: 3, unit_price: { amount: 500, currency: 'EUR' } };
    expect(await service.add(dearer)).toMatchObject({ status: 200, body: line({ ...dearer, quantity: 5 }) });
    expect((await service.cart()).totals).toEqual([{ amount: 2500, currency: 'EUR' }]);
  });

  it('changes a quantity', async () => {
    await service.add(tea);
    const before = (await service.cart()).updated_at ?? '';
    const reply = await service.call<LineBody>('/cart/items/tea', { method: 'PATCH', body: { quantity: 7 } });
    expect(reply).toMatchObject({ status: 200, body: line({ ...tea, quantity: 7 }) });
    expect((await service.cart()).updated_at?.localeCompare(before)).toBe(1);
  });

  it('loses an item, and stays the same when asked again', async () => {
    await service.add(tea);
    await service.add(cup);
    for (let time = 0; time < 2; time += 1) {
      const reply = await service.call('/cart/items/tea', { method: 'DELETE' });
      expect([reply.status, reply.text]).toEqual([204, '']);
    }
    expect((await service.cart()).items).toEqual([line(cup)]);
  });

  it('is like a new one after its last item is gone: another currency may follow', async () => {
    await service.add(tea);
    await service.call('/cart/items/tea', { method: 'DELETE' });
    expect(await service.cart()).toEqual({ items: [], totals: [], updated_at: null });
    expect((await service.add({ ...cup, unit_price: { amount: 1, currency: 'JPY' } })).status).toBe(201);
  });

  it('can be emptied, also when it is empty', async () => {
    await service.add(tea);
    await service.add(cup);
    for (let time = 0; time < 2; time += 1)
      expect((await service.call('/cart', { method: 'DELETE' })).status).toBe(204);
    expect((await service.cart()).items).toEqual([]);
    expect(await service.stored()).toEqual([]);
  });

  it('reports an item that it does not contain', async () => {
    await service.add(cup);
    const before = await service.cart();
    const reply = await service.call('/cart/items/tea', { method: 'PATCH', body: { quantity: 7 } });
    expect(reply.body).toMatchObject({ status: 404, code: 'not_in_cart' });
    expect(await service.cart()).toEqual(before);
  });

  it('takes every sku that its pattern allows', async () => {
    for (const sku of ['a', 'A.b_c-9', '...', '.hidden', 'x'.repeat(64)]) {
      expect((await service.add({ ...tea, sku })).status).toBe(201);
      expect(
        (await service.call(`/cart/items/${sku}`, { method: 'PATCH', body: { quantity: 1 } })).status,
      ).toBe(200);
      expect((await service.call(`/cart/items/${sku}`, { method: 'DELETE' })).status).toBe(204);
    }
    expect((await service.cart()).items).toEqual([]);
  });
});

describe('the limits of a cart', () => {
  it('are 100 items', async () => {
    await service.database.pool.query(`insert into carts values ('ada', now())`);
    await service.database.pool.query(
      `insert into cart_lines (subject, sku, quantity, unit_amount, currency)
       select 'ada', 'sku-' || n, 1, 100, 'EUR' from generate_series(1, 100) n`,
    );
    expect((await service.add(tea)).body).toMatchObject({ status: 409, code: 'cart_full' });
    expect((await service.add({ ...tea, sku: 'sku-7' })).status).toBe(200);
    expect((await service.cart()).items).toHaveLength(100);
  });

  it('are 999 pieces of an item', async () => {
    await service.add({ ...tea, quantity: 998 });
    expect((await service.add(tea)).body).toMatchObject({ status: 409, code: 'quantity_limit' });
    expect((await service.cart()).items[0]?.quantity).toBe(998);
  });

  it('are one currency', async () => {
    await service.add(tea);
    const before = await service.cart();
    const dollars = { ...cup, unit_price: { amount: 1, currency: 'USD' } };
    expect((await service.add(dollars)).body).toMatchObject({ status: 409, code: 'currency_conflict' });
    expect(await service.cart()).toEqual(before);
  });

  it('refuse a currency that does not exist, and leave no empty cart behind', async () => {
    const reply = await service.add({ ...cup, unit_price: { amount: 1, currency: 'XTS' } });
    expect(reply.body).toMatchObject({ status: 422, code: 'invalid_currency' });
    expect((await service.database.pool.query('select * from carts')).rows).toEqual([]);
  });

  it('let a price be as high as it may, without losing a cent', async () => {
    const gold = { sku: 'gold', quantity: 999, unit_price: { amount: 10_000_000_000, currency: 'EUR' } };
    await service.add(gold);
    await service.add({ ...tea, quantity: 1, unit_price: { amount: 1, currency: 'EUR' } });
    expect((await service.cart()).totals).toEqual([{ amount: 9_990_000_000_001, currency: 'EUR' }]);
  });
});

const json = { 'content-type': 'application/json' };
const bodies: [string, unknown, number][] = [
  ['no sku', { quantity: 1, unit_price: tea.unit_price }, 400],
  ['no quantity', { sku: 'tea', unit_price: tea.unit_price }, 400],
  ['no price', { sku: 'tea', quantity: 1 }, 400],
  ['no currency', { ...tea, unit_price: { amount: 1 } }, 400],
  ['an unknown field', { ...tea, subject: 'bob' }, 400],
  ['an unknown field of the price', { ...tea, unit_price: { ...tea.unit_price, tax: 1 } }, 400],
  ['quantity 0', { ...tea, quantity: 0 }, 400],
  ['quantity −1', { ...tea, quantity: -1 }, 400],
  ['quantity 1000', { ...tea, quantity: 1000 }, 400],
  ['quantity 1.5', { ...tea, quantity: 1.5 }, 400],
  ['quantity 1e308', `{"sku":"tea","quantity":1e308,"unit_price":{"amount":1,"currency":"EUR"}}`, 400],
  ['quantity as text', { ...tea, quantity: '1' }, 400],
  ['quantity null', { ...tea, quantity: null }, 400],
  ['quantity true', { ...tea, quantity: true }, 400],
  ['a negative price', { ...tea, unit_price: { amount: -1, currency: 'EUR' } }, 400],
  ['a fraction of a cent', { ...tea, unit_price: { amount: 0.5, currency: 'EUR' } }, 400],
  ['a price over the limit', { ...tea, unit_price: { amount: 10_000_000_001, currency: 'EUR' } }, 400],
  ['a lower-case currency', { ...tea, unit_price: { amount: 1, currency: 'eur' } }, 400],
  ['a currency of four letters', { ...tea, unit_price: { amount: 1, currency: 'EURO' } }, 400],
  ['an empty sku', { ...tea, sku: '' }, 400],
  ['a sku of 65 characters', { ...tea, sku: 'x'.repeat(65) }, 400],
  ['a sku with a slash', { ...tea, sku: 'a/b' }, 400],
  ['a sku with a newline at its end', { ...tea, sku: 'a\n' }, 400],
  ['a sku with NUL', { ...tea, sku: 'a\u0000' }, 400],
  ['a sku that paths resolve away', { ...tea, sku: '..' }, 400],
  ['SQL as a sku', { ...tea, sku: "x'); drop table carts; --" }, 400],
  ['an array', [tea], 400],
  ['null', 'null', 400],
  ['malformed JSON', '{"sku":"tea",', 400],
  [
    'a __proto__ key',
    `{"__proto__":{"quantity":1},"sku":"tea","quantity":1,"unit_price":{"amount":1,"currency":"EUR"}}`,
    400,
  ],
  ['2 MB', JSON.stringify({ ...tea, sku: 'x'.repeat(2 * 1024 * 1024) }), 413],
];

describe('a bad request', () => {
  it.each(bodies)(
    'with %s is refused by a problem document, and nothing is stored',
    async (_what, body, status) => {
      const reply = await service.call('/cart/items', { method: 'POST', body });
      expect(reply.status).toBe(status);
      expect(reply.headers['content-type']).toContain('application/problem+json');
      expect(reply.body).toMatchObject({ status, instance: reply.headers['x-request-id'] });
      expect(await service.stored()).toEqual([]);
    },
  );

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    'of type %s is refused',
    async (type) => {
      const reply = await service.add(tea, { headers: { ...json, 'content-type': type } });
      expect(reply.body).toMatchObject({ status: 415, code: 'unsupported_media_type' });
      expect(await service.stored()).toEqual([]);
    },
  );

  it.each([
    ['PATCH', '/cart/items/tea', { quantity: 0 }],
    ['PATCH', '/cart/items/tea', { quantity: 1000 }],
    ['PATCH', '/cart/items/tea', { quantity: 1, sku: 'cup' }],
    ['PATCH', '/cart/items/tea', {}],
    ['PATCH', `/cart/items/${'x'.repeat(65)}`, { quantity: 1 }],
    ['PATCH', '/cart/items/a%2Fb', { quantity: 1 }],
    ['DELETE', '/cart/items/a%00b', undefined],
  ] as const)('to %s %s with %j changes nothing', async (method, path, body) => {
    await service.add(tea);
    const before = await service.stored();
    expect((await service.call(path, { method, body })).body).toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
    expect(await service.stored()).toEqual(before);
  });

  it('with a method that a path does not take is told which it takes', async () => {
    const reply = await service.call('/cart', { method: 'PUT', body: {} });
    expect([reply.status, reply.headers['allow']]).toEqual([405, 'DELETE, GET, HEAD']);
  });
});
