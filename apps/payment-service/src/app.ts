import { randomUUID } from 'node:crypto';
import { authClient } from '@latchkey/auth-client';
import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import type { Config } from './config.ts';
import type { PaymentDatabase } from './database/open-payment-database.ts';
import { createIdempotencyStore } from './payments/idempotency-store.ts';
import type { CardProcessor } from './payments/processor.ts';
import { forgetOldKeys } from './payments/retention.ts';
import { paymentRoutes } from './payments/routes.ts';
import { createSandboxProcessor } from './payments/sandbox-processor.ts';

/** What one run may take beyond the processor's own time: a handful of statements. */
const databaseAllowanceMs = 1000;

export type AppOptions = {
  readonly config: Config;
  readonly database: PaymentDatabase;
  /** Default the sandbox: there is no other adapter yet. */
  readonly processor?: CardProcessor;
  /** Milliseconds since the epoch; default the machine's clock. */
  readonly clock?: () => number;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
};

/** Builds payment-service, ready to listen. It closes the database when it closes. */
export async function buildApp(options: AppOptions): Promise<Service> {
  const { config, database, clock = Date.now, logDestination } = options;
  const app = await createService({
    name: 'payment-service',
    title: 'Latchkey payment-service',
    description:
      'Charges cards, once for each Idempotency-Key, and gives the money back. Amounts are minor units.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    ...(logDestination && { logDestination }),
  });
  const { db } = database;
  const runMs = config.PROCESSOR_TIMEOUT_MS + databaseAllowanceMs;
  const keys = createIdempotencyStore({
    database: db,
    clock,
    newId: randomUUID,
    runMs,
    // Outlasts a run that died: its repetition is answered, not sent away.
    waitMs: runMs + databaseAllowanceMs,
  });

  app.addHook('onClose', () => database.close());
  app.addReadinessCheck('postgres', () => database.ping());
  app.addReadinessCheck('keys', () => app.authClient.ready());
  forgetOldKeys(app, keys);

  await app.register(authClient, {
    issuer: config.ISSUER,
    audience: 'payment-service',
    jwksUri: config.JWKS_URI,
  });
  await app.register(paymentRoutes, {
    context: {
      database: db,
      keys,
      processor: options.processor ?? createSandboxProcessor(db),
      processorTimeoutMs: config.PROCESSOR_TIMEOUT_MS,
      runMs,
      clock,
    },
    fingerprintKey: Buffer.from(config.FINGERPRINT_KEY, 'base64url'),
  });
  return app;
}
