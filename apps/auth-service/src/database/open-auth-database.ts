import { fileURLToPath } from 'node:url';
import { type DatabaseConfig, openDatabase } from '@latchkey/service-kit';
import { authSchema } from './schema.ts';

export type AuthDatabase = Awaited<ReturnType<typeof openAuthDatabase>>;

/** Connects to auth-service's own database and runs its migrations. */
export function openAuthDatabase(config: DatabaseConfig) {
  return openDatabase({
    config,
    schema: authSchema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    applicationName: 'auth-service',
  });
}
