import { fileURLToPath } from 'node:url';
import { type DatabaseConfig, openDatabase } from '@latchkey/service-kit';
import type { NodePgDatabase, NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import * as schema from './schema.ts';

export type PaymentDatabase = Awaited<ReturnType<typeof openPaymentDatabase>>;

export type Database = NodePgDatabase<typeof schema>;

/** The database itself, or a transaction on it. */
export type Connection = PgDatabase<NodePgQueryResultHKT, typeof schema>;

/** Connects to payment-service's own database and brings its tables up to date. */
export function openPaymentDatabase(config: DatabaseConfig) {
  return openDatabase({
    config,
    schema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    applicationName: 'payment-service',
  });
}
