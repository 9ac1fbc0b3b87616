import { fileURLToPath } from 'node:url';
import { currentSetting, openDatabase } from '@latchkey/service-kit';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import * as schema from './schema.ts';

export type CartDatabase = Awaited<ReturnType<typeof openCartDatabase>>;

export type Database = NodePgDatabase<typeof schema>;

/** Connects to cart-service's own database and brings its tables up to date. */
export function openCartDatabase(config: { DATABASE_URL: string; DATABASE_POOL_SIZE: number }) {
  return openDatabase({
    url: () => currentSetting(config, 'DATABASE_URL'),
    schema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'cart-service',
  });
}
