import { readSettings } from './settings.ts';

try {
  const settings = readSettings(process.env);
  // Later: node-oidc-provider writes to the terminal when it is loaded.
  const { startExampleId } = await import('./example-id.ts');
  const exampleId = await startExampleId(settings);
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void exampleId.stop());
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
}
