import type { PublishedKey } from '@latchkey/auth-client';
import { jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * The public keys of a service's replicas. Export it from the service's own drizzle schema, so that its migrations
 * create the table. Nothing in it is secret, but anyone who can write to it can act as the service.
 *
 * @example export { serviceKeys } from '@latchkey/service-kit/identity';
 */
export const serviceKeys = pgTable('service_keys', {
  /** RFC 7638 thumbprint. */
  kid: text('kid').primaryKey(),
  jwk: jsonb('jwk').$type<PublishedKey['jwk']>().notNull(),
  expiresAt: timestamp('expires_at', { withTimezone: true, mode: 'date', precision: 3 }).notNull(),
});
