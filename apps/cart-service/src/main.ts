import { runService, startService } from '@latchkey/service-kit';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { openCartDatabase } from './database/open-cart-database.ts';

await startService(async () => {
  const config = readConfig(process.env);
  const database = await openCartDatabase(config);
  const app = await buildApp({ config, database });
  await runService(app, {
    host: config.HOST,
    port: config.PORT,
    drainMs: config.DRAIN_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  });
});
