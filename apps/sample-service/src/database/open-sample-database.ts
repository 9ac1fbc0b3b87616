import { fileURLToPath } from 'node:url';
import { type DatabaseConfig, openDatabase } from '@latchkey/service-kit';
import * as schema from './schema.ts';

export type SampleDatabase = Awaited<ReturnType<typeof openSampleDatabase>>;

/** Connects to sample-service's own database and brings its tables up to date. */
export function openSampleDatabase(config: DatabaseConfig) {
  return openDatabase({
    config,
    schema,
    migrationsFolder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
    applicationName: 'sample-service',
  });
}
