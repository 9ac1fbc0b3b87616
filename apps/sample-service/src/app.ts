import type { RevocationFeed } from '@latchkey/auth-client';
import { createService, type Service } from '@latchkey/service-kit';
import { registerAuthentication } from '@latchkey/service-kit/identity';
import type { Config } from './config.ts';
import type { SampleDatabase } from './database/open-sample-database.ts';
import { sampleRoutes } from './routes.ts';

export type AppOptions = {
  readonly config: Config;
  readonly database: SampleDatabase;
  /** Default: auth-service's feed, which this service reads with its own token. */
  readonly revocations?: RevocationFeed;
};

/** Builds sample-service, ready to listen. Closing it closes the database, too. */
export async function buildApp({ config, database, revocations }: AppOptions): Promise<Service> {
  const app = await createService({
    name: 'sample-service',
    title: 'Latchkey sample-service',
    description: 'Says who asks.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
  });

  app.addHook('onClose', () => database.close());
  app.addReadinessCheck('postgres', () => database.ping());

  await registerAuthentication(app, { name: 'sample-service', config, database, revocations });
  await app.register(sampleRoutes);
  return app;
}
