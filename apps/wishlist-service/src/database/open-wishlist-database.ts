import { fileURLToPath } from 'node:url';
import { type DatabaseConfig, openDatabase } from '@latchkey/service-kit';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import * as schema from './schema.ts';

export type WishlistDatabase = Awaited<ReturnType<typeof openWishlistDatabase>>;

export type Database = NodePgDatabase<typeof schema>;

/** Connects to wishlist-service's own database and brings its tables up to date. */
export function openWishlistDatabase(config: DatabaseConfig) {
  return openDatabase({
    config,
    schema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    applicationName: 'wishlist-service',
  });
}
