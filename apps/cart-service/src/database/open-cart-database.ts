import { fileURLToPath } from 'node:url';
import { type DatabaseConfig, openDatabase } from '@latchkey/service-kit';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import * as schema from './schema.ts';

export type CartDatabase = Awaited<ReturnType<typeof openCartDatabase>>;

export type Database = NodePgDatabase<typeof schema>;

/** Connects to cart-service's own database and brings its tables up to date. */
export function openCartDatabase(config: DatabaseConfig) {
  return openDatabase({
    config,
    schema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    applicationName: 'cart-service',
  });
}
