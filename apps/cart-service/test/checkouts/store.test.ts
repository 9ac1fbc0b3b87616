import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@latchkey/dev-stack/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CartLine } from '../../src/cart/rules.ts';
import { type CartStore, createCartStore } from '../../src/cart/store.ts';
import { type Checkout, CheckoutRefusal } from '../../src/checkouts/rules.ts';
import { type CheckoutStore, createCheckoutStore } from '../../src/checkouts/store.ts';
import { type CartDatabase, openCartDatabase } from '../../src/database/open-cart-database.ts';

let empty: TestDatabase;
let database: CartDatabase;
let carts: CartStore;
let checkouts: CheckoutStore;
beforeAll(async () => {
  empty = await createTestDatabase();
  database = await openCartDatabase({ DATABASE_URL: empty.url, DATABASE_POOL_SIZE: 10 });
  carts = createCartStore(database.db);
  checkouts = createCheckoutStore(database.db);
});
afterAll(async () => {
  await database.close();
  await empty.drop();
});

const line = (sku: string, quantity: number, amount = 100): CartLine => ({
  sku,
  quantity,
  unitPrice: { amount, currency: 'EUR' },
});
const quantities = (lines: readonly CartLine[]) =>
  Object.fromEntries(lines.map(({ sku, quantity }) => [sku, quantity]));
const held = async (subject: string) => quantities((await carts.read(subject)).lines);
const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

/** What a step came to: its result, or the code of its refusal. */
async function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error: unknown) => {
    if (error instanceof CheckoutRefusal) return error.code;
    throw error;
  });
}

describe('a checkout', () => {
  it('keeps what was claimed, at the prices of then, and leaves what came later', async () => {
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

  it('that takes the last thing leaves a cart that is as new', async () => {
    const id = randomUUID();
    await carts.add('bea', line('tea', 2));
    await checkouts.claim('bea', id);
    await checkouts.complete('bea', id);
    expect(await carts.read('bea')).toEqual({ lines: [], updatedAt: null });
    const { rows } = await database.pool.query(`select * from carts where subject = 'bea'`);
    expect(rows).toEqual([]);
  });

  it('that is released leaves everything, and its id claims nothing any more', async () => {
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

  it('of another person’s with the same id is another checkout', async () => {
    const id = randomUUID();
    await carts.add('eve', line('tea', 2));
    await carts.add('fay', line('cup', 1));
    await checkouts.claim('eve', id);
    expect(await outcomeOf(checkouts.complete('fay', id))).toBe('checkout_not_found');
    expect((await checkouts.claim('fay', id)).checkout.lines).toEqual([line('cup', 1)]);
    await checkouts.complete('fay', id);
    expect(await held('eve')).toEqual({ tea: 2 });
  });

  it('needs something to claim, and no row is left by one that had nothing', async () => {
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

type Step =
  | { do: 'add'; sku: string; quantity: number }
  | { do: 'change'; sku: string; quantity: number }
  | { do: 'remove'; sku: string }
  | { do: 'clear' }
  | { do: 'claim' | 'complete' | 'release'; id: number };

const sku = fc.constantFrom('a', 'b');
const quantity = fc.integer({ min: 1, max: 5 });
const id = fc.integer({ min: 0, max: 3 });
const anyStep = fc.oneof<fc.WeightedArbitrary<Step>[]>(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), sku, quantity }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), sku, quantity }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), sku }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  // Rarely a release: an id that is released before it claimed anything is spent.
  { weight: 5, arbitrary: fc.record({ do: fc.constant('claim' as const), id }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('complete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), id }) },
);

/** What should be, by pieces alone: how many are in the cart, and how many each claim holds. */
class Ledger {
  readonly inCart = new Map<string, number>();
  readonly claims = new Map<
    number,
    { status: 'open' | 'completed' | 'released'; pieces: Map<string, number> }
  >();
  added = 0;
  takenOutByHand = 0;
  paid = 0;
  /** Paid for, and taken out by hand after the claim. */
  paidAndTakenOut = 0;

  apply(step: Step): string | undefined {
    switch (step.do) {
      case 'add':
        this.added += step.quantity;
        return this.#set(step.sku, this.#of(step.sku) + step.quantity);
      case 'change':
        if (!this.inCart.has(step.sku)) return undefined;
        this.takenOutByHand += this.#of(step.sku) - step.quantity;
        return this.#set(step.sku, step.quantity);
      case 'remove':
        this.takenOutByHand += this.#of(step.sku);
        return this.#set(step.sku, 0);
      case 'clear':
        for (const one of [...this.inCart.keys()]) this.apply({ do: 'remove', sku: one });
        return undefined;
      case 'claim':
        return this.#claim(step.id);
      case 'complete':
      case 'release':
        return this.#end(step.id, step.do);
    }
  }

  #claim(id: number): string | undefined {
    if (this.claims.has(id)) return this.claims.get(id)?.status;
    if ([...this.claims.values()].some(({ status }) => status === 'open')) return 'checkout_in_progress';
    if (this.inCart.size === 0) return 'cart_empty';
    this.claims.set(id, { status: 'open', pieces: new Map(this.inCart) });
    return 'open';
  }

  #end(id: number, how: 'complete' | 'release'): string | undefined {
    const claim = this.claims.get(id);
    const ended = how === 'complete' ? 'completed' : 'released';
    if (claim === undefined && how === 'complete') return 'checkout_not_found';
    if (claim === undefined) this.claims.set(id, { status: 'released', pieces: new Map() });
    if (claim === undefined || claim.status === ended) return ended;
    if (claim.status !== 'open') return `checkout_${claim.status}`;
    claim.status = ended;
    if (how === 'release') return ended;
    for (const [one, pieces] of claim.pieces) {
      this.paid += pieces;
      this.paidAndTakenOut += Math.max(0, pieces - this.#of(one));
      this.#set(one, Math.max(0, this.#of(one) - pieces));
    }
    return ended;
  }

  #of(one: string): number {
    return this.inCart.get(one) ?? 0;
  }

  #set(one: string, pieces: number): undefined {
    if (pieces === 0) this.inCart.delete(one);
    else this.inCart.set(one, pieces);
  }
}

async function perform(subject: string, ids: readonly string[], step: Step): Promise<string | undefined> {
  switch (step.do) {
    case 'add':
      return void (await carts.add(subject, line(step.sku, step.quantity)));
    case 'change':
      return void (await carts.changeQuantity(subject, step));
    case 'remove':
      return carts.remove(subject, step.sku).then(() => undefined);
    case 'clear':
      return carts.clear(subject).then(() => undefined);
    case 'claim': {
      const claim = await outcomeOf(checkouts.claim(subject, ids[step.id] ?? ''));
      return typeof claim === 'string' ? claim : claim.checkout.status;
    }
    default: {
      const end = await outcomeOf(checkouts[step.do](subject, ids[step.id] ?? ''));
      return typeof end === 'string' ? end : end.status;
    }
  }
}

it('whatever the order of edits, claims, ends and repetitions: charged exactly once, and nothing is lost', async () => {
  let completions = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 8, maxLength: 25, size: 'max' }), async (steps) => {
      const subject = `model ${randomUUID()}`;
      const ids = Array.from({ length: 4 }, () => randomUUID());
      const ledger = new Ledger();
      for (const step of steps) {
        expect(await perform(subject, ids, step), JSON.stringify(step)).toBe(ledger.apply(step));
        expect(await held(subject)).toEqual(Object.fromEntries(ledger.inCart));
      }
      for (const [index, claim] of ledger.claims) {
        const { checkout } = await checkouts.claim(subject, ids[index] ?? '');
        expect(quantities(checkout.lines)).toEqual(Object.fromEntries(claim.pieces));
        if (claim.status === 'completed') completions += 1;
      }
      const inCart = [...ledger.inCart.values()].reduce((sum, pieces) => sum + pieces, 0);
      expect(inCart + ledger.paid - ledger.paidAndTakenOut).toBe(ledger.added - ledger.takenOutByHand);
    }),
    { numRuns: 80 },
  );
  expect(completions).toBeGreaterThan(10);
}, 60_000);
