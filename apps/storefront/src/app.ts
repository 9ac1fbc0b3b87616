import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import { type Config, pageConfigOf } from './config.ts';
import { pageFiles } from './page-files.ts';

export type AppOptions = {
  readonly config: Config;
  /** What `vite build` made. */
  readonly pageDirectory: string;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/**
 * Builds the server of the page, ready to listen. It keeps nothing and calls nobody: the page calls the services by
 * itself. Only in demo mode there are routes besides.
 */
export async function buildApp({ config, pageDirectory, logDestination }: AppOptions): Promise<Service> {
  const app = await createService({
    name: 'storefront',
    title: 'Latchkey storefront',
    description: 'The page of the shop.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: [],
    trustedProxies: config.TRUSTED_PROXIES,
    ...(logDestination && { logDestination }),
  });
  await app.register(pageFiles, {
    config: pageConfigOf(config),
    origin: config.STOREFRONT_ORIGIN,
    directory: pageDirectory,
  });
  if (config.DEMO) {
    // Not even loaded otherwise.
    const { demo } = await import('./demo/plugin.ts');
    await app.register(demo, { config });
  }
  return app;
}
