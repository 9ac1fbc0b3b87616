import { buildApp } from './app.ts';
import { listen } from './listen.ts';
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
  await listen(app, settings).catch(async (error) => {
    await app.close();
    throw error;
  });
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
