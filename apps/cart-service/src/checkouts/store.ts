import { and, eq, or } from 'drizzle-orm';
import {
  type Connection,
  deleteCart,
  holdingCart,
  linesOf,
  removeLines,
  touchCart,
  writeLine,
} from '../cart/rows.ts';
import type { Database } from '../database/open-cart-database.ts';
import { checkouts } from '../database/schema.ts';
import {
  type Checkout,
  type CheckoutEvent,
  CheckoutRefusal,
  checkClaim,
  linesAfterCheckout,
  statusAfter,
} from './rules.ts';

/** Checkouts of carts. Each belongs to a subject: the same id under another subject is another checkout. */
export type CheckoutStore = {
  /**
   * Claims the cart's current lines. A known id returns its checkout as it is, whatever the cart holds now.
   *
   * @throws {CheckoutRefusal} checkout_in_progress, cart_empty; nothing is stored then
   */
  claim(subject: string, id: string): Promise<{ checkout: Checkout; created: boolean }>;
  /**
   * Takes the claimed lines out of the cart. Repeated calls take them out once.
   *
   * @throws {CheckoutRefusal} checkout_released, checkout_not_found
   */
  complete(subject: string, id: string): Promise<Checkout>;
  /**
   * Gives the claim up; the cart stays as it is. An unknown id is stored as released, so that a claim that arrives
   * late under that id claims nothing.
   *
   * @throws {CheckoutRefusal} checkout_completed
   */
  release(subject: string, id: string): Promise<Checkout>;
};

/**
 * Keeps checkouts in Postgres. Each change first locks the cart's row, so edits and checkouts of one cart run one after
 * the other.
 */
export function createCheckoutStore(db: Database): CheckoutStore {
  const holding = <T>(subject: string, work: (tx: Connection) => Promise<T>): Promise<T> =>
    db.transaction((tx) => holdingCart(tx, subject, () => work(tx)));

  return {
    claim: (subject, id) =>
      holding(subject, async (tx) => {
        const { known, open } = await findOrOpen(tx, subject, id);
        if (known) return { checkout: known, created: false };
        const lines = await linesOf(tx, subject);
        checkClaim({ lines, open });
        return { checkout: await insert(tx, subject, { id, status: 'open', lines }), created: true };
      }),

    complete: (subject, id) =>
      holding(subject, async (tx) => {
        const checkout = await find(tx, subject, id);
        if (checkout === undefined) throw new CheckoutRefusal('checkout_not_found');
        if (statusAfter(checkout.status, 'complete') === undefined) return checkout;
        await takeOut(tx, subject, checkout);
        return end(tx, subject, { checkout, event: 'complete' });
      }),

    release: (subject, id) =>
      holding(subject, async (tx) => {
        const checkout = await find(tx, subject, id);
        if (checkout === undefined) return insert(tx, subject, { id, status: 'released', lines: [] });
        return end(tx, subject, { checkout, event: 'release' });
      }),
  };
}

async function takeOut(tx: Connection, subject: string, checkout: Checkout): Promise<void> {
  const before = await linesOf(tx, subject);
  const after = new Map(linesAfterCheckout(before, checkout.lines).map((line) => [line.sku, line]));
  if (after.size === 0) return deleteCart(tx, subject);
  const gone: string[] = [];
  for (const { sku, quantity } of before) {
    const left = after.get(sku);
    if (left === undefined) gone.push(sku);
    else if (left.quantity !== quantity) await writeLine(tx, subject, left);
  }
  await removeLines(tx, subject, gone);
  await touchCart(tx, subject);
}

async function end(
  tx: Connection,
  subject: string,
  { checkout, event }: { checkout: Checkout; event: CheckoutEvent },
): Promise<Checkout> {
  const status = statusAfter(checkout.status, event);
  if (status === undefined) return checkout;
  await tx.update(checkouts).set({ status }).where(keyOf(subject, checkout.id));
  return { ...checkout, status };
}

async function find(tx: Connection, subject: string, id: string): Promise<Checkout | undefined> {
  const [row] = await tx.select().from(checkouts).where(keyOf(subject, id));
  return row && toCheckout(row);
}

/** The checkout with this id, and whether any is open. */
async function findOrOpen(
  tx: Connection,
  subject: string,
  id: string,
): Promise<{ known: Checkout | undefined; open: boolean }> {
  const isWanted = or(eq(checkouts.id, id), eq(checkouts.status, 'open'));
  const rows = await tx
    .select()
    .from(checkouts)
    .where(and(eq(checkouts.subject, subject), isWanted));
  const known = rows.find((row) => row.id === id.toLowerCase());
  return { known: known && toCheckout(known), open: rows.some(({ status }) => status === 'open') };
}

async function insert(
  tx: Connection,
  subject: string,
  checkout: Pick<Checkout, 'id' | 'status' | 'lines'>,
): Promise<Checkout> {
  const [row] = await tx
    .insert(checkouts)
    .values({ subject, ...checkout })
    .returning();
  if (row === undefined) throw new Error('an insert without a conflict returns its row');
  return toCheckout(row);
}

function keyOf(subject: string, id: string) {
  return and(eq(checkouts.subject, subject), eq(checkouts.id, id));
}

function toCheckout({ id, status, lines, claimedAt }: typeof checkouts.$inferSelect): Checkout {
  return { id, status, lines, claimedAt };
}
