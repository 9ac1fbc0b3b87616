import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { rememberedKeys } from '../../src/cart/keyed-addition.ts';
import { startCartService, tea } from '../cart-fixture.ts';

const service = await forThisFile(startCartService());

const addWith = (subject: string, key: string, body: unknown = tea) =>
  service.add(body, { token: service.tokenOf(subject), headers: { 'idempotency-key': key } });
const quantityOf = async (subject: string) =>
  (await service.cart(service.tokenOf(subject))).items.map(({ quantity }) => quantity);

test('the same key adds once, and is answered as the first time, whatever became of the cart', async () => {
  const first = await addWith('ada', 'k');
  const second = await addWith('ada', 'k');
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.text).toBe(first.text);
  expect([first, second].map(({ headers }) => headers['idempotency-replayed'])).toEqual([undefined, 'true']);
  expect(await quantityOf('ada')).toEqual([2]);

  await service.call('/cart', { method: 'DELETE', token: service.tokenOf('ada') });
  expect((await addWith('ada', 'k')).text).toBe(first.text);
  expect(await quantityOf('ada')).toEqual([]);
});

test('other keys, other people and no key at all add again', async () => {
  await addWith('bea', 'k');
  expect((await addWith('bea', 'another')).status).toBe(200);
  expect((await addWith('bob', 'k')).status).toBe(201);
  await service.add(tea, { token: service.tokenOf('bea') });
  expect([await quantityOf('bea'), await quantityOf('bob')]).toEqual([[6], [2]]);
});

test.each([
  ['quantity', { ...tea, quantity: 3 }],
  ['thing', { ...tea, sku: 'cup' }],
  ['price', { ...tea, unit_price: { amount: 451, currency: 'EUR' } }],
  ['currency', { ...tea, unit_price: { amount: 450, currency: 'USD' } }],
])('the same key with another %s is refused, and adds nothing', async (what, body) => {
  const subject = `other ${what}`;
  await addWith(subject, 'k');
  expect((await addWith(subject, 'k', body)).body).toMatchObject({
    status: 422,
    code: 'idempotency_key_reused',
  });
  expect(await quantityOf(subject)).toEqual([2]);
});

test('a refusal by the rules stays with its key: a later request gets the same refusal', async () => {
  const dollars = { ...tea, sku: 'cup', unit_price: { amount: 1, currency: 'USD' } };
  await addWith('cal', 'k');
  expect((await addWith('cal', 'dollars', dollars)).body).toMatchObject({
    status: 409,
    code: 'currency_conflict',
  });
  await service.call('/cart', { method: 'DELETE', token: service.tokenOf('cal') });
  expect((await addWith('cal', 'dollars', dollars)).body).toMatchObject({
    status: 409,
    code: 'currency_conflict',
  });
  expect((await addWith('cal', 'dollars-again', dollars)).status).toBe(201);
});

test('a refusal leaves no empty cart behind', async () => {
  const reply = await addWith('dot', 'k', { ...tea, unit_price: { amount: 1, currency: 'XTS' } });
  expect(reply.body).toMatchObject({ status: 422, code: 'invalid_currency' });
  const { rows } = await service.database.pool.query(`select * from carts where subject = 'dot'`);
  expect(rows).toEqual([]);
});

test('20 requests at once with one key add once', async () => {
  const replies = await Promise.all(Array.from({ length: 20 }, () => addWith('crowd', 'k')));
  expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(replies.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
  expect(await quantityOf('crowd')).toEqual([2]);
});

test.each([
  ['first bare', 'k', '"k"'],
  ['first in quotes', '"k"', 'k'],
  ['with a quote in it', '"k\\"k"', 'k"k'],
])('a key bare and in quotes is one key: %s', async (what, one, other) => {
  const subject = `spelling ${what}`;
  const first = await addWith(subject, one);
  const second = await addWith(subject, other);
  expect([second.text, second.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
  expect(await quantityOf(subject)).toEqual([2]);
});

test('keys that were stored with their quotes are known without them', async () => {
  const { pool } = service.database;
  const rowOf = (key: string) => [`kept ${key}`, key];
  for (const key of ['"k"', '"a\\"b"', 'k', '"'])
    await pool.query(
      `insert into keyed_additions (subject, key, sku, quantity, unit_amount, currency, line_quantity, line_created)
       values ($1, $2, 'tea', 2, 450, 'EUR', 2, true)`,
      rowOf(key),
    );
  await pool.query(`insert into keyed_additions (subject, key, sku, quantity, unit_amount, currency, line_quantity, line_created)
    select 'both', key, 'tea', n, 450, 'EUR', n, true from (values ('k', 2), ('"k"', 3)) as kept(key, n)`);
  await pool.query(await readFile(join(import.meta.dirname, '../../drizzle/0003_bare_keys.sql'), 'utf8'));
  const { rows } = await pool.query(
    `select subject, key from keyed_additions where subject like 'kept %' or subject = 'both'`,
  );
  expect(new Set(rows.map(({ subject, key }) => `${subject} → ${key}`))).toEqual(
    new Set(['both → k', 'both → "k"', 'kept "k" → k', 'kept "a\\"b" → a"b', 'kept k → k', 'kept " → "']),
  );
  expect((await addWith('kept "k"', '"k"')).headers['idempotency-replayed']).toBe('true');
});

test.each([
  ['empty', ''],
  ['an empty string', '""'],
  ['a string without an end', '"k'],
  ['a string with a parameter', '"k";a=1'],
  ['two strings', '"k", "k"'],
  ['with a space', 'a b'],
  ['256 characters', 'k'.repeat(256)],
])('a key that is %s is refused', async (_what, key) => {
  expect((await addWith('eve', key)).body).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(await quantityOf('eve')).toEqual([]);
});

test(`the newest ${rememberedKeys} keys of a person are remembered, and nobody else’s are touched`, async () => {
  await addWith('fay', 'k');
  await service.database.pool.query(
    `insert into keyed_additions (subject, key, sku, quantity, unit_amount, currency, line_quantity, line_created)
     select 'hoarder', 'k' || n, 'tea', 2, 450, 'EUR', 2, true from generate_series(1, $1) n`,
    [rememberedKeys],
  );
  await addWith('hoarder', 'one-more');
  const { rows } = await service.database.pool.query(
    `select subject, count(*)::int from keyed_additions where subject in ('fay', 'hoarder') group by 1 order by 1`,
  );
  expect(rows).toEqual([
    { subject: 'fay', count: 1 },
    { subject: 'hoarder', count: rememberedKeys },
  ]);
  expect((await addWith('hoarder', 'k2')).headers['idempotency-replayed']).toBe('true');
  expect((await addWith('hoarder', 'k1')).headers['idempotency-replayed']).toBeUndefined();
});
