import { runService, startService } from '@latchkey/service-kit';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { openSampleDatabase } from './database/open-sample-database.ts';

await startService(async () => {
  const config = readConfig(process.env);
  const app = await buildApp({ config, database: await openSampleDatabase(config) });
  await runService(app, {
    host: config.HOST,
    port: config.PORT,
    drainMs: config.DRAIN_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  });
});
