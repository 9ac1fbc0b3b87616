import { basename, join } from 'node:path';
import { Type } from 'typebox';
import { migrateDatabase } from './database/open-database.ts';
import { startService } from './lifecycle/start.ts';
import { loadConfig, serviceConfig } from './settings/config.ts';

// node ../../packages/service-kit/src/migrate.ts, in a service's folder: migrates the database that DATABASE_URL names,
// and ends. For a role that owns the tables (docs/decisions/0060-migration-jobs-have-another-role.md).
await startService(async () => {
  const { DATABASE_URL, DATABASE_POOL_SIZE, DATABASE_TIMEOUT_MS } = serviceConfig;
  const schema = Type.Object({ DATABASE_URL, DATABASE_POOL_SIZE, DATABASE_TIMEOUT_MS });
  const applicationName = basename(process.cwd());
  await migrateDatabase({
    config: loadConfig(schema, process.env),
    migrationsFolder: join(process.cwd(), 'drizzle'),
    applicationName,
  });
  console.log(`${applicationName}: the database is migrated.`);
});
