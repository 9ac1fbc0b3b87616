import { startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cup, startCartService, tea } from '../cart-fixture.ts';

const service = await forThisFile(startCartService());

/** More than there are connections, but few enough that no request is refused while it waits for one. */
const together = 24;

async function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < count) {
    const done = results.length;
    const wave = Array.from({ length: Math.min(together, count - done) }, (_, index) => work(done + index));
    results.push(...(await Promise.all(wave)));
  }
  return results;
}

/** Runs in rounds, so that on a slow machine no request waits longer for a connection than the service allows. */
async function inRounds<T>(rounds: number, count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  for (let round = 0; round < rounds; round += 1)
    done.push(...(await times(count, (index) => work(round * count + index))));
  return done;
}

const tally = (statuses: number[]) =>
  Object.fromEntries(
    [...new Set(statuses)].sort().map((status) => [status, statuses.filter((s) => s === status).length]),
  );

describe('requests at the same time', () => {
  it('50 adds of 1 sum to 50', async () => {
    const token = service.tokenOf('racer');
    const replies = await inRounds(2, 25, () => service.add({ ...tea, quantity: 1 }, { token }));
    expect(tally(replies.map(({ status }) => status))).toEqual({ 200: 49, 201: 1 });
    expect(replies.map(({ body }) => body.quantity).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
    expect((await service.cart(token)).items).toMatchObject([{ sku: 'tea', quantity: 50 }]);
  });

  it('never pass the limit of a quantity', async () => {
    const token = service.tokenOf('hoarder');
    const replies = await times(20, () => service.add({ ...tea, quantity: 100 }, { token }));
    expect(tally(replies.map(({ status }) => status))).toEqual({ 200: 8, 201: 1, 409: 11 });
    expect((await service.cart(token)).items).toMatchObject([{ quantity: 900 }]);
  });

  it('never pass the limit of items', async () => {
    const token = service.tokenOf('collector');
    const replies = await inRounds(4, 30, (index) => service.add({ ...tea, sku: `sku-${index}` }, { token }));
    expect(tally(replies.map(({ status }) => status))).toEqual({ 201: 100, 409: 20 });
    expect((await service.cart(token)).items).toHaveLength(100);
  });

  it('never mix currencies', async () => {
    const token = service.tokenOf('traveller');
    const replies = await times(20, (index) =>
      service.add(
        { ...tea, sku: `sku-${index}`, unit_price: { amount: 1, currency: index % 2 === 0 ? 'EUR' : 'USD' } },
        { token },
      ),
    );
    expect(tally(replies.map(({ status }) => status))).toEqual({ 201: 10, 409: 10 });
    expect(new Set((await service.cart(token)).items.map((item) => item.unit_price.currency)).size).toBe(1);
  });

  it('of all kinds end in a consistent cart, without a failure', async () => {
    const token = service.tokenOf('shopper');
    // Many at once: changes that went on without the lock would deadlock.
    const replies = await inRounds(16, 30, (index) => {
      const path = `/cart/items/sku-${index % 3}`;
      if (index % 8 === 0) return service.call('/cart', { method: 'DELETE', token });
      if (index % 4 === 1) return service.call(path, { method: 'PATCH', body: { quantity: 5 }, token });
      if (index % 4 === 2) return service.call(path, { method: 'DELETE', token });
      return service.call('/cart/items', {
        method: 'POST',
        body: { ...tea, sku: `sku-${index % 3}` },
        token,
      });
    });
    expect(
      replies.map(({ status }) => status).filter((status) => ![200, 201, 204, 404].includes(status)),
    ).toEqual([]);
    const { rows } = await service.database.pool.query(
      `select subject from carts where subject = 'shopper'
       and not exists (select 1 from cart_lines where cart_lines.subject = carts.subject)`,
    );
    expect(rows).toEqual([]);
  });
});

it('what was answered 503 while Postgres stood still does not empty the cart later', async () => {
  const token = service.tokenOf('patient');
  const link = await startNetworkLink(service.databaseUrl);
  onTestFinished(() => link.close());
  const replica = await startCartService({ databaseUrl: link.url });
  onTestFinished(() => replica.close());
  await service.add(tea, { token });
  // On the connection that the request takes next.
  const { rows } = await replica.database.pool.query('select pg_backend_pid() as pid');

  link.stall();
  const cleared = await replica.call('/cart', { method: 'DELETE', token: replica.tokenOf('patient') });
  expect(cleared.status).toBe(503);
  expect((await service.add(cup, { token })).status).toBe(201);
  await link.restore();
  await eventually('Postgres has read what it was sent', async () => {
    const query = 'select 1 from pg_stat_activity where pid = $1';
    expect((await service.database.pool.query(query, [rows[0].pid])).rowCount).toBe(0);
  });

  expect((await service.cart(token)).items).toMatchObject([{ sku: 'tea' }, { sku: 'cup' }]);
});
