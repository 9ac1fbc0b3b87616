import { join } from 'node:path';
import { runService, startService } from '@latchkey/service-kit';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';

await startService(async () => {
  const config = readConfig(process.env);
  const app = await buildApp({ config, pageDirectory: join(import.meta.dirname, '..', 'dist') });
  await runService(app, {
    host: config.HOST,
    port: config.PORT,
    drainMs: config.DRAIN_MS,
    shutdownTimeoutMs: config.SHUTDOWN_TIMEOUT_MS,
  });
});
