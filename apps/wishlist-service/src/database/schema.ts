import { sql } from 'drizzle-orm';
import { bigint, check, pgTable, text, timestamp, unique, uuid } from 'drizzle-orm/pg-core';

export const wishlistItems = pgTable(
  'wishlist_items',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    subject: text('subject').notNull(),
    sku: text('sku').notNull(),
    note: text('note'),
    addedAt: timestamp('added_at', { withTimezone: true, mode: 'date', precision: 3 }).notNull().defaultNow(),
    /** Keeps the order in which things were added, also within one millisecond. */
    position: bigint('position', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  },
  (table) => [
    unique('wishlist_items_once').on(table.subject, table.sku),
    check('wishlist_items_note', sql`char_length(${table.note}) <= 500`),
  ],
);
