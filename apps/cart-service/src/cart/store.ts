import { and, asc, eq, sql } from 'drizzle-orm';
import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import type { Database } from '../database/open-cart-database.ts';
import * as schema from '../database/schema.ts';
import { type Cart, type CartLine, lineAfterAdding } from './rules.ts';

const { carts, cartLines } = schema;
/** The database itself, or a transaction on it. */
type Connection = PgDatabase<NodePgQueryResultHKT, typeof schema>;

/** Carts, by the subject whose they are. */
export interface CartStore {
  read(subject: string): Promise<Cart>;
  /** @throws {CartRefusal} */
  add(subject: string, addition: CartLine): Promise<{ line: CartLine; created: boolean }>;
  /** The changed line, or undefined when the cart does not hold the thing. */
  changeQuantity(subject: string, change: { sku: string; quantity: number }): Promise<CartLine | undefined>;
  /** Does nothing when the cart does not hold the thing. */
  remove(subject: string, sku: string): Promise<void>;
  clear(subject: string): Promise<void>;
}

/**
 * Keeps carts in Postgres. Changes to one cart happen one after the other, because each begins by locking the cart's
 * row; changes to different carts do not wait for each other.
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

    add: (subject, addition) =>
      db.transaction(async (tx) => {
        await lockOrCreateCart(tx, subject);
        const lines = await linesOf(tx, subject);
        const line = lineAfterAdding(lines, addition);
        await writeLine(tx, subject, line);
        return { line, created: lines.every(({ sku }) => sku !== line.sku) };
      }),

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

    // The lines go with it.
    clear: (subject) => deleteCart(db, subject),
  };
}

// clock_timestamp(), not now(): now() is when the transaction began, before it waited for the lock.
const changed = { updatedAt: sql`clock_timestamp()` };

async function lockOrCreateCart(tx: Connection, subject: string): Promise<void> {
  await tx
    .insert(carts)
    .values({ subject, ...changed })
    .onConflictDoUpdate({ target: carts.subject, set: changed });
}

/**
 * Returns false when there is no cart, and so nothing was locked. A cart may come into being right after: whoever went
 * on then would change lines without the lock, and could end in a deadlock with somebody who has it.
 */
async function lockCart(tx: Connection, subject: string): Promise<boolean> {
  const locked = await tx
    .select({ subject: carts.subject })
    .from(carts)
    .where(eq(carts.subject, subject))
    .for('update');
  return locked.length > 0;
}

async function touchCart(tx: Connection, subject: string): Promise<void> {
  await tx.update(carts).set(changed).where(eq(carts.subject, subject));
}

async function deleteCart(connection: Connection, subject: string): Promise<void> {
  await connection.delete(carts).where(eq(carts.subject, subject));
}

async function linesOf(tx: Connection, subject: string): Promise<CartLine[]> {
  return (await tx.select().from(cartLines).where(eq(cartLines.subject, subject))).map(toLine);
}

async function writeLine(tx: Connection, subject: string, line: CartLine): Promise<void> {
  const changing = {
    quantity: line.quantity,
    unitAmount: line.unitPrice.amount,
    currency: line.unitPrice.currency,
  };
  await tx
    .insert(cartLines)
    .values({ subject, sku: line.sku, ...changing })
    .onConflictDoUpdate({ target: [cartLines.subject, cartLines.sku], set: changing });
}

function lineOf(subject: string, sku: string) {
  return and(eq(cartLines.subject, subject), eq(cartLines.sku, sku));
}

function toLine(row: typeof cartLines.$inferSelect): CartLine {
  return {
    sku: row.sku,
    quantity: row.quantity,
    unitPrice: { amount: row.unitAmount, currency: row.currency },
  };
}
