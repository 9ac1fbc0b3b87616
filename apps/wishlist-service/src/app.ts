import { authClient } from '@latchkey/auth-client';
import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import type { Config } from './config.ts';
import type { WishlistDatabase } from './database/open-wishlist-database.ts';
import { wishlistRoutes } from './wishlist/routes.ts';
import { createWishlistStore } from './wishlist/store.ts';

export type AppOptions = {
  readonly config: Config;
  readonly database: WishlistDatabase;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/** Builds wishlist-service, ready to listen. It closes the database when it closes. */
export async function buildApp({ config, database, logDestination }: AppOptions): Promise<Service> {
  const app = await createService({
    name: 'wishlist-service',
    title: 'Latchkey wishlist-service',
    description: 'A user’s wishlist.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    ...(logDestination && { logDestination }),
  });

  app.addHook('onClose', () => database.close());
  app.addReadinessCheck('postgres', () => database.ping());
  app.addReadinessCheck('keys', () => app.authClient.ready());

  await app.register(authClient, {
    issuer: config.ISSUER,
    audience: 'wishlist-service',
    jwksUri: config.JWKS_URI,
  });
  await app.register(wishlistRoutes, { store: createWishlistStore(database.db) });
  return app;
}
