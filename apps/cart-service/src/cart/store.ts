import { nowOrNever } from '@latchkey/service-kit';
import { and, asc, eq } from 'drizzle-orm';
import type { Database } from '../database/open-cart-database.ts';
import { cartLines, carts } from '../database/schema.ts';
import { addOnce } from './keyed-addition.ts';
import {
  type Connection,
  deleteCart,
  linesOf,
  lockCart,
  lockOrCreateCart,
  toLine,
  touchCart,
  writeLine,
} from './rows.ts';
import { type Addition, type Cart, type CartLine, isNew, lineAfterAdding } from './rules.ts';

/** Carts, by the subject of their owner. */
export type CartStore = {
  read(subject: string): Promise<Cart>;
  /**
   * Adds to the cart. With a key it adds once: a repeated key gets the first result again, refusals included.
   *
   * @throws {CartRefusal}
   */
  add(subject: string, addition: CartLine, key?: string): Promise<Addition>;
  /** The changed line; undefined when the cart has no line with this SKU. */
  changeQuantity(subject: string, change: { sku: string; quantity: number }): Promise<CartLine | undefined>;
  /** Does nothing when the cart has no line with this SKU. */
  remove(subject: string, sku: string): Promise<void>;
  clear(subject: string): Promise<void>;
};

/**
 * Keeps carts in Postgres. Each change first locks the cart's row, so changes to one cart run one after the other.
 * Changes to different carts do not wait for each other.
 */
export function createCartStore(db: Database): CartStore {
  return {
    async read(subject) {
      const rows = await db
        .select({ updatedAt: carts.updatedAt, line: cartLines })
        .from(carts)
        .innerJoin(cartLines, eq(cartLines.subject, carts.subject))
        .where(eq(carts.subject, subject))
        .orderBy(asc(cartLines.position));
      return { lines: rows.map(({ line }) => toLine(line)), updatedAt: rows[0]?.updatedAt ?? null };
    },

    add: (subject, addition, key) =>
      key === undefined
        ? db.transaction((tx) => addNow(tx, subject, addition))
        : addOnce(db, subject, { key, addition }),

    changeQuantity: (subject, { sku, quantity }) =>
      db.transaction(async (tx) => {
        if (!(await lockCart(tx, subject))) return undefined;
        const [row] = await tx.update(cartLines).set({ quantity }).where(lineOf(subject, sku)).returning();
        if (row === undefined) return undefined;
        await touchCart(tx, subject);
        return toLine(row);
      }),

    remove: (subject, sku) =>
      db.transaction(async (tx) => {
        if (!(await lockCart(tx, subject))) return;
        const removed = await tx
          .delete(cartLines)
          .where(lineOf(subject, sku))
          .returning({ sku: cartLines.sku });
        if (removed.length === 0) return;
        if ((await linesOf(tx, subject)).length === 0) await deleteCart(tx, subject);
        else await touchCart(tx, subject);
      }),

    clear: (subject) => nowOrNever(db, (tx) => deleteCart(tx, subject)),
  };
}

async function addNow(tx: Connection, subject: string, addition: CartLine): Promise<Addition> {
  await lockOrCreateCart(tx, subject);
  const lines = await linesOf(tx, subject);
  const line = lineAfterAdding(lines, addition);
  await writeLine(tx, subject, line);
  return { line, created: isNew(lines, line), replayed: false };
}

function lineOf(subject: string, sku: string) {
  return and(eq(cartLines.subject, subject), eq(cartLines.sku, sku));
}
