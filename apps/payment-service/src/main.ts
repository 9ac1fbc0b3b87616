import { runService, startService } from '@latchkey/service-kit';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';
import { openPaymentDatabase } from './database/open-payment-database.ts';

await startService(async () => {
  const config = readConfig(process.env);
  const database = await openPaymentDatabase(config);
  const app = await buildApp({ config, database });
  await runService(app, {
    host: config.HOST,
    port: config.PORT,
    drainMs: config.DRAIN_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  });
});
