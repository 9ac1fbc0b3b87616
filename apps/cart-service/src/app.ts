import type { RevocationFeed } from '@latchkey/auth-client';
import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import { registerAuthentication } from '@latchkey/service-kit/identity';
import { cartRoutes } from './cart/routes.ts';
import { createCartStore } from './cart/store.ts';
import { checkoutRoutes } from './checkouts/routes.ts';
import { createCheckoutStore } from './checkouts/store.ts';
import type { Config } from './config.ts';
import type { CartDatabase } from './database/open-cart-database.ts';

export type AppOptions = {
  readonly config: Config;
  readonly database: CartDatabase;
  /** Default: auth-service's feed, which this service reads with its own token. */
  readonly revocations?: RevocationFeed;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/** Builds cart-service, ready to listen. Closing it closes the database, too. */
export async function buildApp(options: AppOptions): Promise<Service> {
  const { config, database, revocations, logDestination } = options;
  const app = await createService({
    name: 'cart-service',
    title: 'Latchkey cart-service',
    description: 'A person’s cart, and claims on it by payments under way. Amounts are minor units.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    ...(logDestination && { logDestination }),
  });

  app.addHook('onClose', () => database.close());
  app.addReadinessCheck('postgres', () => database.ping());

  await registerAuthentication(app, { name: 'cart-service', config, database, revocations });
  await app.register(cartRoutes, { store: createCartStore(database.db) });
  await app.register(checkoutRoutes, { store: createCheckoutStore(database.db) });
  return app;
}
