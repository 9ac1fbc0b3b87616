import { fileURLToPath } from 'node:url';
import { currentSetting, openDatabase } from '@latchkey/service-kit';
import * as schema from './schema.ts';

export type SampleDatabase = Awaited<ReturnType<typeof openSampleDatabase>>;

/** Connects to sample-service's own database and brings its tables up to date. */
export function openSampleDatabase(config: { DATABASE_URL: string; DATABASE_POOL_SIZE: number }) {
  return openDatabase({
    url: () => currentSetting(config, 'DATABASE_URL'),
    schema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    poolSize: config.DATABASE_POOL_SIZE,
    applicationName: 'sample-service',
  });
}
