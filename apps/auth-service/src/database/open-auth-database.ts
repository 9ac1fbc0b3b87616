import { fileURLToPath } from 'node:url';
import { currentSetting, openDatabase } from '@latchkey/service-kit';
import { authSchema } from './schema.ts';

export type AuthDatabase = Awaited<ReturnType<typeof openAuthDatabase>>;

/** Connects to auth-service's own database and runs its migrations. */
export function openAuthDatabase(config: { DATABASE_URL: string; DATABASE_POOL_SIZE: number }) {
  return openDatabase({
    url: () => currentSetting(config, 'DATABASE_URL'),
    schema: authSchema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'auth-service',
  });
}
