import { authClient, createServiceIdentity, serviceClient } from '@latchkey/auth-client';
import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import { addServiceClientMetrics, createIdentityStore, jwksRoute } from '@latchkey/service-kit/identity';
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
  /** The cart of whoever sent a request; default cart-service's, on that person's behalf. */
  readonly cartOf?: (request: FastifyRequest) => CartAdditions;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/** Builds wishlist-service, ready to listen. It closes the database when it closes. */
export async function buildApp(options: AppOptions): Promise<Service> {
  const { config, database, logDestination } = options;
  const app = await createService({
    name: 'wishlist-service',
    title: 'Latchkey wishlist-service',
    description: 'A user’s wishlist, whose items move into the cart.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    ...(logDestination && { logDestination }),
  });

  app.addHook('onClose', () => database.close());
  app.addReadinessCheck('postgres', () => database.ping());
  app.addReadinessCheck('keys', () => app.authClient.ready());
  app.addReadinessCheck('identity', () => app.serviceClient.identity.ready());

  await app.register(authClient, {
    issuer: config.ISSUER,
    audience: 'wishlist-service',
    jwksUri: config.JWKS_URI,
    revocations: null,
  });
  const identityStore = createIdentityStore(database.db);
  const identity = createServiceIdentity({
    clientId: 'wishlist-service',
    store: identityStore,
    onFailed: (error) => app.log.warn({ err: error }, 'this service’s public key could not be published'),
  });
  app.addHook('onClose', async () => identity.close());
  await app.register(serviceClient, {
    identity,
    issuer: config.ISSUER,
    tokenEndpoint: config.TOKEN_ENDPOINT,
    services: { 'cart-service': config.CART_URL },
  });
  await app.register(jwksRoute, { store: identityStore });
  addServiceClientMetrics(app.metrics, app.serviceClient.counters);
  const cart = app.serviceClient('cart-service', { scopes: cartScopes, timeoutMs: config.CART_TIMEOUT_MS });
  const cartOf = (request: FastifyRequest) => cartOnBehalf(cart, request);
  await app.register(wishlistRoutes, {
    store: createWishlistStore(database.db),
    cartOf: options.cartOf ?? cartOf,
  });
  return app;
}
