import { sql } from 'drizzle-orm';
import { bigint, check, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/** One row for each user whose cart holds something. Whoever changes a cart locks its row first. */
export const carts = pgTable('carts', {
  subject: text('subject').primaryKey(),
  updatedAt: timestamp('updated_at', { withTimezone: true, mode: 'date', precision: 3 }).notNull(),
});

export const cartLines = pgTable(
  'cart_lines',
  {
    subject: text('subject')
      .notNull()
      .references(() => carts.subject, { onDelete: 'cascade' }),
    sku: text('sku').notNull(),
    quantity: integer('quantity').notNull(),
    /** Price of one, in minor units. */
    unitAmount: bigint('unit_amount', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    /** Keeps the order in which things were put in. */
    position: bigint('position', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  },
  (table) => [
    primaryKey({ columns: [table.subject, table.sku] }),
    check('cart_lines_quantity', sql`${table.quantity} between 1 and 999`),
    check('cart_lines_unit_amount', sql`${table.unitAmount} between 0 and 10000000000`),
    check('cart_lines_currency', sql`${table.currency} ~ '^[A-Z]{3}$'`),
  ],
);
