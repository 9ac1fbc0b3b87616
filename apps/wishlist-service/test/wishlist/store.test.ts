import { forThisFile } from '@latchkey/testing';
import { describe, expect, it } from 'vitest';
import { startWishlistService, tea } from '../wishlist-fixture.ts';

const service = await forThisFile(startWishlistService());

const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

const count = (statuses: number[], status: number) => statuses.filter((other) => other === status).length;

describe('requests at the same time', () => {
  it('add an item once, and all get the same one', async () => {
    const token = service.tokenOf('racer');
    const replies = await times(25, () => service.add(tea, { token }));
    const statuses = replies.map(({ status }) => status);
    expect([count(statuses, 201), count(statuses, 200)]).toEqual([1, 24]);
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    expect((await service.wishlist(token)).items).toHaveLength(1);
  });

  it('never pass the limit', async () => {
    const token = service.tokenOf('collector');
    await service.database.pool.query(
      `insert into wishlist_items (subject, sku) select 'collector', 'old-' || n from generate_series(1, 190) n`,
    );
    const statuses = (await times(30, (index) => service.add({ sku: `new-${index}` }, { token }))).map(
      ({ status }) => status,
    );
    expect([count(statuses, 201), count(statuses, 409)]).toEqual([10, 20]);
    expect((await service.wishlist(token)).items).toHaveLength(200);
  });

  it('remove an item once', async () => {
    const token = service.tokenOf('remover');
    const { body } = await service.add(tea, { token });
    const replies = await times(10, () =>
      service.call(`/wishlist/items/${body.id}`, { method: 'DELETE', token }),
    );
    const statuses = replies.map(({ status }) => status);
    expect([count(statuses, 204), count(statuses, 404)]).toEqual([1, 9]);
  });
});
