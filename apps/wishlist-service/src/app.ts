import { type RevocationFeed, serviceClient } from '@latchkey/auth-client';
import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import { addServiceClientMetrics, registerAuthentication } from '@latchkey/service-kit/identity';
import type { FastifyRequest } from 'fastify';
import type { Config } from './config.ts';
import type { WishlistDatabase } from './database/open-wishlist-database.ts';
import type { CartAdditions } from './wishlist/cart-additions.ts';
import { cartOnBehalf, cartScopes } from './wishlist/cart-on-behalf.ts';
import { wishlistRoutes } from './wishlist/routes.ts';
import { createWishlistStore } from './wishlist/store.ts';

export type AppOptions = {
  readonly config: Config;
  readonly database: WishlistDatabase;
  /** Default: auth-service's feed, which this service reads with its own token. */
  readonly revocations?: RevocationFeed;
  /** Returns the requesting person's cart. Default: calls cart-service on the person's behalf. */
  readonly cartOf?: (request: FastifyRequest) => CartAdditions;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/** Builds wishlist-service, ready to listen. Closing it closes the database, too. */
export async function buildApp(options: AppOptions): Promise<Service> {
  const { config, database, logDestination } = options;
  const app = await createService({
    name: 'wishlist-service',
    title: 'Latchkey wishlist-service',
    description: 'A person’s wishlist, whose items move into the cart.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    ...(logDestination && { logDestination }),
  });

  app.addHook('onClose', () => database.close());
  app.addReadinessCheck('postgres', () => database.ping());

  const identity = await registerAuthentication(app, {
    name: 'wishlist-service',
    config,
    database,
    revocations: options.revocations,
  });
  await app.register(serviceClient, {
    identity,
    issuer: config.ISSUER,
    tokenEndpoint: config.TOKEN_ENDPOINT,
    services: { 'cart-service': config.CART_URL },
  });
  addServiceClientMetrics(app.metrics, app.serviceClient.counters);
  const cart = app.serviceClient('cart-service', { scopes: cartScopes, timeoutMs: config.CART_TIMEOUT_MS });
  const cartOf = (request: FastifyRequest) => cartOnBehalf(cart, request);
  await app.register(wishlistRoutes, {
    store: createWishlistStore(database.db),
    cartOf: options.cartOf ?? cartOf,
  });
  return app;
}
