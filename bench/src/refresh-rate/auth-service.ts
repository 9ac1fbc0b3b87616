import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startPostgres } from '@latchkey/dev-stack';
import { type MeasuredServer, startMeasuredServer } from '../processes/measured-server.ts';
import { startOwnRedis } from '../processes/redis.ts';

/**
 * Starts one auth-service as it runs in production, on a Postgres and a Redis of its own, with the settings that it has
 * by default.
 */
export async function startAuthService(directory: string, signal: AbortSignal): Promise<MeasuredServer> {
  const resources = new AsyncDisposableStack();
  try {
    const redis = resources.use(await startOwnRedis(directory, signal));
    const postgresDirectory = join(directory, 'postgres');
    const postgres = await startPostgres({
      directory: postgresDirectory,
      durable: false,
      temporary: true,
      signal,
    });
    resources.defer(() => postgres.stop());
    const server = await startMeasuredServer({
      script: new URL('../../../apps/auth-service/src/main.ts', import.meta.url),
      env: settings({ databaseUrl: await postgres.createDatabase('auth'), redisUrl: redis.url }),
      logFile: join(directory, 'auth-service.log'),
      signal,
    });
    resources.use(server);
    return { ...server, [Symbol.asyncDispose]: () => resources.disposeAsync() };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}

function settings({ databaseUrl, redisUrl }: { databaseUrl: string; redisUrl: string }): NodeJS.ProcessEnv {
  const issuer = 'http://localhost:4000';
  return {
    PATH: process.env['PATH'],
    NODE_OPTIONS: process.env['NODE_OPTIONS'],
    NODE_ENV: 'production',
    PORT: '0',
    ISSUER: issuer,
    JWKS_URI: `${issuer}/.well-known/jwks.json`,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    REFRESH_TOKEN_KEYS: `k1:${randomBytes(32).toString('base64url')}`,
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
  };
}
