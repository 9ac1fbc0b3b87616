import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { CartLine, CartRefusalCode } from '../cart/rules.ts';
import { type CheckoutStatus, checkoutStatuses } from '../checkouts/rules.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });

/** One row for each person whose cart is not empty. Every change to a cart locks its row first. */
export const carts = pgTable('carts', {
  subject: text('subject').primaryKey(),
  updatedAt: instant('updated_at').notNull(),
});

export const cartLines = pgTable(
  'cart_lines',
  {
    subject: text('subject')
      .notNull()
      .references(() => carts.subject, { onDelete: 'cascade' }),
    sku: text('sku').notNull(),
    quantity: integer('quantity').notNull(),
    /** Unit price in minor units. */
    unitAmount: bigint('unit_amount', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    /** Keeps the order in which lines were added. */
    position: bigint('position', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  },
  (table) => [
    primaryKey({ columns: [table.subject, table.sku] }),
    check('cart_lines_quantity', sql`${table.quantity} between 1 and 999`),
    check('cart_lines_unit_amount', sql`${table.unitAmount} between 0 and 10000000000`),
    check('cart_lines_currency', sql`${table.currency} ~ '^[A-Z]{3}$'`),
  ],
);

/**
 * One row for each addition with an Idempotency-Key: the request and its result. It outlives the cart's row, which is
 * deleted with the cart's last line.
 */
export const keyedAdditions = pgTable(
  'keyed_additions',
  {
    subject: text('subject').notNull(),
    key: text('key').notNull(),
    sku: text('sku').notNull(),
    quantity: integer('quantity').notNull(),
    unitAmount: bigint('unit_amount', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    /** Why the rules refused it; null when they did not. */
    refusal: text('refusal').$type<CartRefusalCode>(),
    /** The line's quantity afterwards; null when the addition was refused. */
    lineQuantity: integer('line_quantity'),
    lineCreated: boolean('line_created').notNull(),
    /** The order of the additions: the oldest keys are deleted first. */
    position: bigint('position', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  },
  (table) => [
    primaryKey({ columns: [table.subject, table.key] }),
    index('keyed_additions_age').on(table.subject, table.position),
    check('keyed_additions_outcome', sql`(${table.refusal} is null) = (${table.lineQuantity} is not null)`),
  ],
);

/** Claims on carts, by payment id. They belong to a subject, not to the cart's row, and outlive that row. */
export const checkouts = pgTable(
  'checkouts',
  {
    subject: text('subject').notNull(),
    id: uuid('id').notNull(),
    status: text('status').$type<CheckoutStatus>().notNull(),
    lines: jsonb('lines').$type<readonly CartLine[]>().notNull(),
    claimedAt: instant('claimed_at').notNull().default(sql`clock_timestamp()`),
  },
  (table) => [
    primaryKey({ columns: [table.subject, table.id] }),
    // The database itself allows one open claim per cart, whatever the code does.
    uniqueIndex('checkouts_one_open').on(table.subject).where(sql`${table.status} = 'open'`),
    check(
      'checkouts_status',
      sql`${table.status} in (${sql.raw(checkoutStatuses.map((status) => `'${status}'`).join(', '))})`,
    ),
  ],
);

/** The public keys of this service's replicas. */
export { serviceKeys, usedProofs } from '@latchkey/service-kit/identity';
