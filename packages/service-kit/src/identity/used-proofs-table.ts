import { index, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * The table of auth-client's createPostgresProofStore: which proofs of possession were used. Export it from the service's
 * own drizzle schema, so that its migrations create the table.
 *
 * @example export { serviceKeys, usedProofs } from '@latchkey/service-kit/identity';
 */
export const usedProofs = pgTable(
  'used_proofs',
  {
    id: text('id').primaryKey(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    /** Of one row alone: the key of the nonces. Who knows it can make nonces, and still no proof. */
    value: text('value'),
  },
  (table) => [index('used_proofs_expires_at').on(table.expiresAt)],
);
