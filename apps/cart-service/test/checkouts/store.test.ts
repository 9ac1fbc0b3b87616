import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { isDatabaseUnavailable } from '@latchkey/service-kit';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, it } from 'vitest';
import type { CartLine } from '../../src/cart/rules.ts';
import { createCartStore } from '../../src/cart/store.ts';
import { type Checkout, CheckoutRefusal } from '../../src/checkouts/rules.ts';
import { createCheckoutStore } from '../../src/checkouts/store.ts';
import { openCartDatabase } from '../../src/database/open-cart-database.ts';

const empty = await forThisFile(createTestDatabase());
const database = await forThisFile(
  openCartDatabase({ DATABASE_URL: empty.url, DATABASE_POOL_SIZE: 10, DATABASE_TIMEOUT_MS: 10_000 }),
);
const carts = createCartStore(database.db);
const checkouts = createCheckoutStore(database.db);

const line = (sku: string, quantity: number, amount = 100): CartLine => ({
  sku,
  quantity,
  unitPrice: { amount, currency: 'EUR' },
});
const quantities = (lines: readonly CartLine[]) =>
  Object.fromEntries(lines.map(({ sku, quantity }) => [sku, quantity]));
const held = async (subject: string) => quantities((await carts.read(subject)).lines);
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => untilServed(() => work(index))));

/** On a busy machine a connection may not become free in time. The test then retries, as clients do. */
async function untilServed<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
    }
  }
}

/** A step's outcome: its result, or the code of its refusal. */
async function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error: unknown) => {
    if (error instanceof CheckoutRefusal) return error.code;
    throw error;
  });
}

describe('a checkout', () => {
  it('keeps the claimed items at the prices of that time, and leaves later ones', async () => {
    const id = randomUUID();
    await carts.add('ada', line('tea', 2, 450));
    const first = await checkouts.claim('ada', id);
    await carts.add('ada', line('tea', 3, 500));
    await carts.add('ada', line('cup', 1));
    const again = await checkouts.claim('ada', id);
    expect([first.created, again.created]).toEqual([true, false]);
    expect(again.checkout).toEqual(first.checkout);
    expect(first.checkout).toMatchObject({ id, status: 'open', lines: [line('tea', 2, 450)] });

    const done = await checkouts.complete('ada', id);
    expect(done).toMatchObject({ status: 'completed', lines: [line('tea', 2, 450)] });
    expect((await carts.read('ada')).lines).toEqual([line('tea', 3, 500), line('cup', 1)]);
    expect(await checkouts.complete('ada', id)).toEqual(done);
    expect(await held('ada')).toEqual({ tea: 3, cup: 1 });
  });

  it('that takes the last item leaves the cart like a new one', async () => {
    const id = randomUUID();
    await carts.add('bea', line('tea', 2));
    await checkouts.claim('bea', id);
    await checkouts.complete('bea', id);
    expect(await carts.read('bea')).toEqual({ lines: [], updatedAt: null });
    const { rows } = await database.pool.query(`select * from carts where subject = 'bea'`);
    expect(rows).toEqual([]);
  });

  it('that is released leaves all items, and its id can claim nothing any more', async () => {
    const id = randomUUID();
    await carts.add('cal', line('tea', 2));
    const { updatedAt } = await carts.read('cal');
    await checkouts.claim('cal', id);
    expect((await checkouts.release('cal', id)).status).toBe('released');
    expect(await carts.read('cal')).toEqual({ lines: [line('tea', 2)], updatedAt });
    expect((await checkouts.claim('cal', id)).checkout.status).toBe('released');
    expect(await outcomeOf(checkouts.complete('cal', id))).toBe('checkout_released');
    expect((await checkouts.claim('cal', randomUUID())).created).toBe(true);
  });

  it('released before its claim arrives never claims anything', async () => {
    const id = randomUUID();
    await carts.add('dot', line('tea', 2));
    expect(await checkouts.release('dot', id)).toMatchObject({ status: 'released', lines: [] });
    expect((await checkouts.claim('dot', id)).checkout).toMatchObject({ status: 'released', lines: [] });
    expect(await held('dot')).toEqual({ tea: 2 });
  });

  it('of another person with the same id is another checkout', async () => {
    const id = randomUUID();
    await carts.add('eve', line('tea', 2));
    await carts.add('fay', line('cup', 1));
    await checkouts.claim('eve', id);
    expect(await outcomeOf(checkouts.complete('fay', id))).toBe('checkout_not_found');
    expect((await checkouts.claim('fay', id)).checkout.lines).toEqual([line('cup', 1)]);
    await checkouts.complete('fay', id);
    expect(await held('eve')).toEqual({ tea: 2 });
  });

  it('needs an item to claim, and leaves no row without one', async () => {
    expect(await outcomeOf(checkouts.claim('gil', randomUUID()))).toBe('cart_empty');
    const { rows } = await database.pool.query(
      `select subject from carts where subject = 'gil' union all select subject from checkouts where subject = 'gil'`,
    );
    expect(rows).toEqual([]);
  });
});

describe('at the same time', () => {
  it('20 claims with ids of their own: one gets the cart', async () => {
    await carts.add('one of many', line('tea', 2));
    const claims = await times(20, () => outcomeOf(checkouts.claim('one of many', randomUUID())));
    expect(claims.filter((claim) => typeof claim === 'object')).toHaveLength(1);
    expect(claims.filter((claim) => claim === 'checkout_in_progress')).toHaveLength(19);
  });

  it('20 claims with one id: all get the same, and 20 completions take it out once', async () => {
    const id = randomUUID();
    await carts.add('repeater', line('tea', 50));
    const claims = await times(20, () => checkouts.claim('repeater', id));
    expect(new Set(claims.map(({ checkout }) => JSON.stringify(checkout))).size).toBe(1);
    expect(claims.filter(({ created }) => created)).toHaveLength(1);
    await carts.changeQuantity('repeater', { sku: 'tea', quantity: 80 });
    await times(20, () => checkouts.complete('repeater', id));
    expect(await held('repeater')).toEqual({ tea: 30 });
  });

  it('completion and release: one of them happens', async () => {
    for (let round = 0; round < 10; round += 1) {
      const subject = `undecided ${round}`;
      const id = randomUUID();
      await carts.add(subject, line('tea', 2));
      await checkouts.claim(subject, id);
      const ends = await Promise.all([
        outcomeOf(checkouts.complete(subject, id)),
        outcomeOf(checkouts.release(subject, id)),
      ]);
      const completed = typeof ends[0] === 'object';
      expect(ends.filter((end) => typeof end === 'string')).toEqual([
        completed ? 'checkout_completed' : 'checkout_released',
      ]);
      expect(await held(subject)).toEqual(completed ? {} : { tea: 2 });
    }
  });

  it('a claim and the release that outran it: it never stays open', async () => {
    for (let round = 0; round < 10; round += 1) {
      const subject = `overtaken ${round}`;
      const id = randomUUID();
      await carts.add(subject, line('tea', 2));
      await Promise.all([checkouts.claim(subject, id), checkouts.release(subject, id)]);
      expect((await checkouts.claim(subject, id)).checkout.status).toBe('released');
      expect((await checkouts.claim(subject, randomUUID())).created).toBe(true);
    }
  });

  it('adding, claiming and completing, over and over: each piece is paid for once or still there', async () => {
    const subject = 'busy';
    const paid: Checkout[] = [];
    let added = 0;
    const shopper = async (index: number) => {
      for (let round = 0; round < 8; round += 1) {
        await carts.add(subject, line(`sku-${(index + round) % 3}`, 1 + (round % 4)));
        added += 1 + (round % 4);
      }
    };
    const buyer = async () => {
      for (let round = 0; round < 6; round += 1) {
        const id = randomUUID();
        const claim = await outcomeOf(checkouts.claim(subject, id));
        if (typeof claim === 'string') continue;
        const end = round % 3 === 2 ? checkouts.release : checkouts.complete;
        const ends = await times(3, () => end(subject, id));
        if (ends[0]?.status === 'completed') paid.push(ends[0]);
      }
    };
    await Promise.all([...Array.from({ length: 4 }, (_, index) => shopper(index)), ...[1, 2, 3].map(buyer)]);

    const count = (lines: readonly CartLine[]) => lines.reduce((sum, { quantity }) => sum + quantity, 0);
    expect(paid.length).toBeGreaterThan(0);
    expect(paid.reduce((sum, { lines }) => sum + count(lines), 0)).toBe(
      added - count((await carts.read(subject)).lines),
    );
  });
});
