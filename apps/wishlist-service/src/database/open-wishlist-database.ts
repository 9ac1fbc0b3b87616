import { fileURLToPath } from 'node:url';
import { currentSetting, openDatabase } from '@latchkey/service-kit';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import * as schema from './schema.ts';

export type WishlistDatabase = Awaited<ReturnType<typeof openWishlistDatabase>>;

export type Database = NodePgDatabase<typeof schema>;

/** Connects to wishlist-service's own database and brings its tables up to date. */
export function openWishlistDatabase(config: { DATABASE_URL: string; DATABASE_POOL_SIZE: number }) {
  return openDatabase({
    url: () => currentSetting(config, 'DATABASE_URL'),
    schema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'wishlist-service',
  });
}
