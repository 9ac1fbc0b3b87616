import { randomUUID } from 'node:crypto';
import { type RevocationFeed, serviceClient } from '@latchkey/auth-client';
import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import { addServiceClientMetrics, registerAuthentication } from '@latchkey/service-kit/identity';
import type { FastifyRequest } from 'fastify';
import type { Config } from './config.ts';
import type { PaymentDatabase } from './database/open-payment-database.ts';
import type { CartCheckout } from './payments/cart-checkout.ts';
import { cartOnBehalf, cartScopes } from './payments/cart-on-behalf.ts';
import { createIdempotencyStore } from './payments/idempotency-store.ts';
import type { CardProcessor } from './payments/processor.ts';
import { forgetOldKeys } from './payments/retention.ts';
import { paymentRoutes } from './payments/routes.ts';
import { createSandboxProcessor } from './payments/sandbox-processor.ts';

/** Time for the database statements of one run, beyond the time of the processor and the cart. */
const databaseAllowanceMs = 1000;

export type AppOptions = {
  readonly config: Config;
  readonly database: PaymentDatabase;
  /** Default: auth-service's feed, which this service reads with its own token. */
  readonly revocations?: RevocationFeed;
  /** Default: the sandbox. There is no other adapter yet. */
  readonly processor?: CardProcessor;
  /** Returns the requesting person's cart. Default: calls cart-service on the person's behalf. */
  readonly cartOf?: (request: FastifyRequest) => CartCheckout;
  /** Milliseconds since the epoch. Default: the machine's clock. */
  readonly clock?: () => number;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/** Builds payment-service, ready to listen. Closing it closes the database, too. */
export async function buildApp(options: AppOptions): Promise<Service> {
  const { config, database, clock = Date.now, logDestination } = options;
  const app = await createService({
    name: 'payment-service',
    title: 'Latchkey payment-service',
    description:
      'Charges carts, once for each Idempotency-Key, and refunds payments. Amounts are minor units.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    ...(logDestination && { logDestination }),
  });
  const { db } = database;
  const runMs = config.PROCESSOR_TIMEOUT_MS + 2 * config.CART_TIMEOUT_MS + databaseAllowanceMs;
  const keys = createIdempotencyStore({
    database: db,
    clock,
    newId: randomUUID,
    runMs,
    // Longer than a crashed run holds its key, so that a repetition gets an answer and not a 409.
    waitMs: runMs + databaseAllowanceMs,
  });

  app.addHook('onClose', () => database.close());
  app.addReadinessCheck('postgres', () => database.ping());
  forgetOldKeys(app, keys);

  const identity = await registerAuthentication(app, {
    name: 'payment-service',
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
  await app.register(paymentRoutes, {
    context: {
      database: db,
      keys,
      processor: options.processor ?? createSandboxProcessor(db),
      processorTimeoutMs: config.PROCESSOR_TIMEOUT_MS,
      runMs,
      clock,
    },
    cartOf: options.cartOf ?? cartOf,
    stepUp: { amount: config.STEP_UP_AMOUNT, maxAgeSeconds: config.STEP_UP_MAX_AGE_SECONDS },
    maxRevocationLagSeconds: config.REVOCATION_MAX_LAG_SECONDS,
    fingerprintKey: Buffer.from(config.FINGERPRINT_KEY, 'base64url'),
  });
  return app;
}
