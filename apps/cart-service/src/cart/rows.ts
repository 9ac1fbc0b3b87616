import { and, eq, inArray, sql } from 'drizzle-orm';
import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import * as schema from '../database/schema.ts';
import type { CartLine } from './rules.ts';

const { carts, cartLines } = schema;

/** The database itself, or a transaction on it. */
export type Connection = PgDatabase<NodePgQueryResultHKT, typeof schema>;

// clock_timestamp(), not now(): now() is the start of the transaction, before the wait for the lock.
const changed = { updatedAt: sql`clock_timestamp()` };

/** Locks a cart for a change that leaves at least one line in it. Creates the cart's row if there is none. */
export async function lockOrCreateCart(tx: Connection, subject: string): Promise<void> {
  await tx
    .insert(carts)
    .values({ subject, ...changed })
    .onConflictDoUpdate({ target: carts.subject, set: changed });
}

/**
 * Locks a cart's row. Returns false when there is no cart: then nothing is locked, and the caller must not change
 * lines. Another transaction may create the cart right after, and changes without the lock could deadlock with it.
 */
export async function lockCart(tx: Connection, subject: string): Promise<boolean> {
  const locked = await tx
    .select({ subject: carts.subject })
    .from(carts)
    .where(eq(carts.subject, subject))
    .for('update');
  return locked.length > 0;
}

/**
 * Runs `work` while it holds the cart's lock, also for an empty cart. Leaves no row for an empty cart. Does not set the
 * time of change: a `work` that changes the cart calls touchCart.
 */
export async function holdingCart<T>(tx: Connection, subject: string, work: () => Promise<T>): Promise<T> {
  await tx
    .insert(carts)
    .values({ subject, ...changed })
    .onConflictDoUpdate({ target: carts.subject, set: { subject } });
  const result = await work();
  await tx
    .delete(carts)
    .where(
      and(
        eq(carts.subject, subject),
        sql`not exists (select 1 from ${cartLines} where ${cartLines.subject} = ${carts.subject})`,
      ),
    );
  return result;
}

export async function touchCart(tx: Connection, subject: string): Promise<void> {
  await tx.update(carts).set(changed).where(eq(carts.subject, subject));
}

/** Deletes the cart's row. Its lines are deleted with it. */
export async function deleteCart(tx: Connection, subject: string): Promise<void> {
  await tx.delete(carts).where(eq(carts.subject, subject));
}

export async function linesOf(tx: Connection, subject: string): Promise<CartLine[]> {
  const rows = await tx
    .select()
    .from(cartLines)
    .where(eq(cartLines.subject, subject))
    .orderBy(cartLines.position);
  return rows.map(toLine);
}

export async function writeLine(tx: Connection, subject: string, line: CartLine): Promise<void> {
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

export async function removeLines(tx: Connection, subject: string, skus: readonly string[]): Promise<void> {
  if (skus.length === 0) return;
  await tx.delete(cartLines).where(and(eq(cartLines.subject, subject), inArray(cartLines.sku, [...skus])));
}

export function toLine(row: typeof cartLines.$inferSelect): CartLine {
  return {
    sku: row.sku,
    quantity: row.quantity,
    unitPrice: { amount: row.unitAmount, currency: row.currency },
  };
}
