import { createService, type Service, type ServiceOptions } from '@latchkey/service-kit';
import type { Derive } from './accounts/password-hash.ts';
import type { AuthConfig } from './config.ts';
import type { AuthDatabase } from './database/open-auth-database.ts';
import { openPathsOf } from './oauth/open-paths.ts';
import { createParts, type Parts } from './parts.ts';
import { type DelegationPolicy, delegationPolicy } from './permissions/delegation-policy.ts';
import { proveWritable } from './redis/prove-writable.ts';
import { addRoutes } from './routes.ts';

export type AppOptions = {
  readonly config: AuthConfig;
  readonly database: AuthDatabase;
  /** Milliseconds since the epoch; default: the machine's clock. */
  readonly clock?: () => number;
  /** Default: `delegationPolicy`. */
  readonly delegationPolicy?: DelegationPolicy;
  readonly logDestination?: NonNullable<ServiceOptions['logDestination']>;
  /** How passwords are hashed; default: node:crypto's argon2id. */
  readonly derive?: Derive;
};

/**
 * Builds auth-service, ready to listen. When the service closes, it closes the database and its own Redis connection.
 */
export async function buildApp({
  config,
  database,
  clock = Date.now,
  delegationPolicy: policy = delegationPolicy,
  logDestination,
  derive,
}: AppOptions): Promise<Service> {
  const app = await createService({
    name: 'auth-service',
    title: 'Latchkey auth-service',
    description:
      'Signs people in, issues access tokens (RFC 9068), rotates refresh tokens, publishes its keys.',
    logLevel: config.LOG_LEVEL,
    corsOrigins: config.CORS_ORIGINS,
    openPaths: openPathsOf(config.ISSUER),
    trustedProxies: config.TRUSTED_PROXIES,
    basePath: { path: new URL(config.ISSUER).pathname, setting: 'ISSUER' },
    ...(logDestination && { logDestination }),
  });
  const parts = await createParts({ app, config, database, clock, derive });
  app.addHook('onClose', parts.stop);
  reportReadiness(app, parts, config);
  await parts.start();
  await addRoutes(app, { ...parts, config, clock, policy });
  return app;
}

function reportReadiness(
  app: Service,
  { dataSets, evictions, redis, revocations }: Parts,
  config: AuthConfig,
) {
  app.addReadinessCheck('redis', () => proveWritable(redis));

  app.addReadinessCheck('revocations', async () => {
    if (!revocations.log.isFollowing) throw new Error('the revocation log cannot be read');
  });

  app.addReadinessWarning('redis_may_evict', () => evictions.mayEvict !== false);
  app.addReadinessWarning('redis_data_unknown', () => !dataSets.areKnown);
  if (config.REDIS_EVICTION === 'refuse') {
    app.addReadinessCheck('redis_eviction', async () => {
      if (evictions.mayEvict !== false) throw new Error('Redis may evict keys');
    });
  }
}
