import { forThisFile } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { cup, type ItemBody, startWishlistService, tea, type WishlistBody } from '../wishlist-fixture.ts';

const service = await forThisFile(startWishlistService());
afterEach(() => service.database.pool.query('delete from wishlist_items'));

describe('a wishlist', () => {
  it('is empty at first', async () => {
    const reply = await service.call<WishlistBody>('/wishlist');
    expect([reply.status, reply.body]).toEqual([200, { items: [] }]);
  });

  it('lists its items in the order in which they were added', async () => {
    const before = Date.now();
    const first = await service.add(tea);
    const second = await service.add(cup);
    expect(first).toMatchObject({ status: 201, body: tea });
    expect(second).toMatchObject({ status: 201, body: { sku: 'cup', note: null } });
    expect(Date.parse(first.body.added_at)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(first.body.added_at)).toBeLessThanOrEqual(Date.now());
    expect((await service.wishlist()).items).toEqual([first.body, second.body]);
  });

  it('has an item once, as it was first added', async () => {
    const first = await service.add(tea);
    const again = await service.add({ sku: 'tea', note: 'another note' });
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
    expect((await service.wishlist()).items).toEqual([first.body]);
  });

  it('changes and removes a note', async () => {
    const { body: item } = await service.add(tea);
    for (const note of ['soon', '', 'two\nlines', '🎁'.repeat(500), null]) {
      const reply = await service.call<ItemBody>(`/wishlist/items/${item.id}`, {
        method: 'PATCH',
        body: { note },
      });
      expect(reply).toMatchObject({ status: 200, body: { ...item, note } });
      expect((await service.wishlist()).items).toEqual([reply.body]);
    }
  });

  it.each([
    ['decomposed', '가'.repeat(500).normalize('NFD'), '가'.repeat(500)],
    ['turned around', 'a \u202egift\u202c', 'a gift'],
    ['with characters of no width', 'a\u200b gift\ufeff', 'a gift'],
  ])('keeps the visible text of a note that is %s', async (_what, note, kept) => {
    const { body: item } = await service.add({ sku: 'tea', note });
    expect(item.note).toBe(kept);
    const path = `/wishlist/items/${item.id}`;
    const change = (body: unknown) => service.call<ItemBody>(path, { method: 'PATCH', body });
    await change({ note: null });
    expect((await change({ note })).body.note).toBe(kept);
  });

  it('loses an item, once', async () => {
    const { body: item } = await service.add(tea);
    await service.add(cup);
    expect(await service.call(`/wishlist/items/${item.id}`, { method: 'DELETE' })).toMatchObject({
      status: 204,
      text: '',
    });
    expect((await service.call(`/wishlist/items/${item.id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await service.wishlist()).items).toMatchObject([{ sku: 'cup' }]);
  });

  it('holds 200 items', async () => {
    await service.database.pool.query(
      `insert into wishlist_items (subject, sku) select 'ada', 'sku-' || n from generate_series(1, 200) n`,
    );
    expect((await service.add(tea)).body).toMatchObject({ status: 409, code: 'wishlist_full' });
    expect((await service.add({ sku: 'sku-7' })).status).toBe(200);
    expect((await service.wishlist()).items).toHaveLength(200);
  });
});

const bodies: [string, unknown, number][] = [
  ['no sku', { note: 'a' }, 400],
  ['an unknown field', { ...tea, subject: 'bob' }, 400],
  ['an id of one’s own', { ...tea, id: '00000000-0000-4000-8000-000000000000' }, 400],
  ['a sku that is a number', { sku: 1 }, 400],
  ['an empty sku', { sku: '' }, 400],
  ['a sku of 65 characters', { sku: 'x'.repeat(65) }, 400],
  ['a sku with a slash', { sku: 'a/b' }, 400],
  ['a sku with a newline at its end', { sku: 'a\n' }, 400],
  ['a sku that paths resolve away', { sku: '.' }, 400],
  ['a note of 501 characters', { sku: 'a', note: 'x'.repeat(501) }, 400],
  ['a note with half a character', '{"sku":"a","note":"\\ud83d"}', 400],
  ['a note of 501 syllables, decomposed', { sku: 'a', note: '가'.repeat(501).normalize('NFD') }, 400],
  ['a note with NUL', { sku: 'a', note: 'x\u0000y' }, 400],
  ['a note that is a number', { sku: 'a', note: 1 }, 400],
  ['a note that is an object', { sku: 'a', note: {} }, 400],
  ['an array', [tea], 400],
  ['malformed JSON', '{"sku":"tea",', 400],
  ['a __proto__ key', '{"__proto__":{"note":"a"},"sku":"tea"}', 400],
  ['2 MB', JSON.stringify({ sku: 'a', note: 'x'.repeat(2 * 1024 * 1024) }), 413],
];

describe('a bad request', () => {
  it.each(bodies)(
    'with %s is refused by a problem document, and nothing is stored',
    async (_what, body, status) => {
      const reply = await service.call('/wishlist/items', { method: 'POST', body });
      expect(reply.status).toBe(status);
      expect(reply.headers['content-type']).toContain('application/problem+json');
      expect(reply.body).toMatchObject({ status, instance: reply.headers['x-request-id'] });
      expect(await service.stored()).toEqual([]);
    },
  );

  it('of another type is refused', async () => {
    const reply = await service.add(tea, { headers: { 'content-type': 'text/plain' } });
    expect(reply.body).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(await service.stored()).toEqual([]);
  });

  it.each([{}, { note: 'x'.repeat(501) }, { note: 'x\u0000' }, { note: 1 }, { note: 'a', sku: 'b' }])(
    'to change a note to %j changes nothing',
    async (body) => {
      const { body: item } = await service.add(tea);
      const reply = await service.call(`/wishlist/items/${item.id}`, { method: 'PATCH', body });
      expect(reply.body).toMatchObject({ status: 400, code: 'invalid_request' });
      expect((await service.wishlist()).items).toEqual([item]);
    },
  );

  const uuid = '00000000-0000-4000-8000-000000000000';
  it.each(['1', 'not-an-id', uuid.slice(1), `urn:uuid:${uuid}`, `{${uuid}}`, `${uuid}\n`, "' or 1=1 --"])(
    'for the id %j is refused',
    async (id) => {
      const path = `/wishlist/items/${encodeURIComponent(id)}`;
      for (const request of [{ method: 'PATCH', body: { note: null } }, { method: 'DELETE' }] as const) {
        expect((await service.call(path, request)).body).toMatchObject({
          status: 400,
          code: 'invalid_request',
        });
      }
    },
  );
});
