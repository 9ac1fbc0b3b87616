import { runService, startService } from '@latchkey/service-kit';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { openAuthDatabase } from './database/open-auth-database.ts';

await startService(async () => {
  const config = readConfig(process.env);
  const database = await openAuthDatabase(config);
  const app = await buildApp({ config, database });
  await runService(app, {
    host: config.HOST,
    port: config.PORT,
    drainMs: config.DRAIN_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  });
});
