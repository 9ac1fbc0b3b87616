import { startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cup, startWishlistService, tea } from '../wishlist-fixture.ts';

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

it('what was answered 503 while Postgres stood still is not done later', async () => {
  const token = service.tokenOf('patient');
  const link = await startNetworkLink(service.databaseUrl);
  onTestFinished(() => link.close());
  const replica = await startWishlistService({ databaseUrl: link.url });
  onTestFinished(() => replica.close());
  const pathOf = async (wish: object) => `/wishlist/items/${(await service.add(wish, { token })).body.id}`;
  const [moved, removed, noted] = [await pathOf({ sku: 'lamp' }), await pathOf(cup), await pathOf(tea)];
  const note = (text: string) => ({ method: 'PATCH', body: { note: text } }) as const;
  const order = { quantity: 1, unit_price: { amount: 450, currency: 'EUR' } };
  // The connections that the requests take next: at the same time, so that each has its own.
  const pids = await Promise.all(
    [moved, removed, noted].map(async () => {
      const { rows } = await replica.database.pool.query('select pg_backend_pid() as pid, pg_sleep(0.05)');
      return rows[0].pid as number;
    }),
  );

  link.stall();
  const own = { token: replica.moverToken('patient') };
  const replies = await Promise.all([
    replica.call(noted, { ...note('older'), ...own }),
    replica.call(removed, { method: 'DELETE', ...own }),
    replica.call(`${moved}/move`, { method: 'POST', body: order, ...own }),
  ]);
  expect(replies.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect((await service.call(noted, { ...note('newer'), token })).status).toBe(200);
  await link.restore();
  await eventually('Postgres has read what it was sent', async () => {
    const query = 'select 1 from pg_stat_activity where pid = any($1)';
    expect((await service.database.pool.query(query, [pids])).rowCount).toBe(0);
  });

  expect((await service.wishlist(token)).items).toMatchObject([
    { sku: 'lamp', status: 'wished' },
    { sku: 'cup', status: 'wished' },
    { sku: 'tea', note: 'newer', status: 'wished' },
  ]);
});
