import { sql } from 'drizzle-orm';
import { bigint, check, integer, pgTable, text, timestamp, unique, uuid } from 'drizzle-orm/pg-core';

export const wishlistItems = pgTable(
  'wishlist_items',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    subject: text('subject').notNull(),
    sku: text('sku').notNull(),
    note: text('note'),
    /** These four columns describe a move without a verdict; all are null while there is none. */
    moveId: uuid('move_id'),
    moveQuantity: integer('move_quantity'),
    moveUnitAmount: bigint('move_unit_amount', { mode: 'number' }),
    moveCurrency: text('move_currency'),
    addedAt: timestamp('added_at', { withTimezone: true, mode: 'date', precision: 3 }).notNull().defaultNow(),
    /** Keeps the order in which things were added, also within one millisecond. */
    position: bigint('position', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  },
  (table) => [
    unique('wishlist_items_once').on(table.subject, table.sku),
    check(
      'wishlist_items_move',
      sql`num_nulls(${table.moveId}, ${table.moveQuantity}, ${table.moveUnitAmount}, ${table.moveCurrency}) in (0, 4)`,
    ),
    check('wishlist_items_note', sql`char_length(${table.note}) <= 500`),
  ],
);

/** The public keys of this service's replicas. */
export { serviceKeys, usedProofs } from '@latchkey/service-kit/identity';
