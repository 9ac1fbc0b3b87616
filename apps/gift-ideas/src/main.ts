import { buildApp } from './app.ts';
import { readSettings } from './settings.ts';

try {
  const settings = readSettings(process.env);
  const app = await buildApp({ settings });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, async () => {
      await app.close();
      app.log.info('stopped');
    });
  }
  await app.listen({ host: settings.host, port: settings.port });
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
