import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import { type Config, pageConfigOf } from './config.ts';
import { pageFiles } from './page-files.ts';

export type AppOptions = {
  readonly config: Config;
  /** The output of `vite build`. */
  readonly pageDirectory: string;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/**
 * Builds the server of the page, ready to listen. It stores nothing and calls no service: the page calls the services
 * itself. Only demo mode adds other routes.
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
  await app.register(pageFiles, { config: pageConfigOf(config), directory: pageDirectory });
  if (config.DEMO) {
    // Loaded in demo mode only.
    const { demo } = await import('./demo/plugin.ts');
    await app.register(demo, { config });
  }
  return app;
}
