import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { forThisFile } from '@latchkey/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CartLine } from '../../src/cart/rules.ts';
import { createCartStore } from '../../src/cart/store.ts';
import { CheckoutRefusal } from '../../src/checkouts/rules.ts';
import { createCheckoutStore } from '../../src/checkouts/store.ts';
import { openCartDatabase } from '../../src/database/open-cart-database.ts';
import { anyStep, Ledger, type Step } from './ledger.ts';

const empty = await forThisFile(createTestDatabase());
const database = await forThisFile(
  openCartDatabase({ DATABASE_URL: empty.url, DATABASE_POOL_SIZE: 10, DATABASE_TIMEOUT_MS: 10_000 }),
);
const carts = createCartStore(database.db);
const checkouts = createCheckoutStore(database.db);

const line = (sku: string, quantity: number): CartLine => ({
  sku,
  quantity,
  unitPrice: { amount: 100, currency: 'EUR' },
});
const quantities = (lines: readonly CartLine[]) =>
  Object.fromEntries(lines.map(({ sku, quantity }) => [sku, quantity]));
const held = async (subject: string) => quantities((await carts.read(subject)).lines);
/** A step's outcome: its result, or the code of its refusal. */
async function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error: unknown) => {
    if (error instanceof CheckoutRefusal) return error.code;
    throw error;
  });
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

it('in any order of edits, claims, ends and repetitions, items are charged exactly once, and none is lost', async () => {
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
});
