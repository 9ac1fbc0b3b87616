import { machineEnvironment } from '../processes/environment.ts';
import type { Secrets } from '../stack/secrets.ts';
import { type ServiceKey, serviceDefinitions, storefrontDefinition } from './definitions.ts';

// The levels of loadConfig. A level meant for another program must not keep ours from starting.
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

export type EnvironmentOptions = {
  port: number;
  databaseUrl: string;
  authPort: number;
  /** The page's port, if it is served. */
  storefrontPort?: number | undefined;
};

/** The settings of any service of the stack. */
export function serviceEnvironment(options: EnvironmentOptions): NodeJS.ProcessEnv {
  const { port, databaseUrl, authPort, storefrontPort } = options;
  return {
    ...commonEnvironment(port),
    DATABASE_URL: databaseUrl,
    ISSUER: issuerAt(authPort),
    CORS_ORIGINS: `http://localhost:${storefrontPort ?? storefrontDefinition.defaultPort}`,
    ...(storefrontPort === undefined ? {} : { SPANS_ENDPOINT: `http://127.0.0.1:${storefrontPort}` }),
    JWKS_URI: `http://127.0.0.1:${authPort}/.well-known/jwks.json`,
    TOKEN_ENDPOINT: `http://127.0.0.1:${authPort}/token`,
    REVOCATIONS_URI: `http://127.0.0.1:${authPort}/revocations`,
  };
}

/** The issuer in tokens: auth-service's address for users. */
export function issuerAt(authPort: number): string {
  return `http://localhost:${authPort}`;
}

/** The environment of every process of the stack. */
export function commonEnvironment(port: number): NodeJS.ProcessEnv {
  const logLevel = process.env['LOG_LEVEL']?.toLowerCase() ?? '';
  return {
    ...machineEnvironment(['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS']),
    ...(logLevels.includes(logLevel) ? { LOG_LEVEL: logLevel } : {}),
    NODE_ENV: 'development',
    // Matches the addresses that we print.
    HOST: 'localhost',
    PORT: String(port),
  };
}

type Ports = Readonly<Record<ServiceKey, number>>;

/** The services that authenticate to auth-service: all others. */
const clients = ['cart', 'wishlist', 'payment'] as const satisfies ServiceKey[];

/** auth-service's further settings. */
export function authEnvironment(redisUrl: string, secrets: Secrets, ports: Ports): NodeJS.ProcessEnv {
  const jwksUris = clients.map(
    (key) => `${serviceDefinitions[key].audience}=http://127.0.0.1:${ports[key]}/.well-known/jwks.json`,
  );
  return {
    REDIS_URL: redisUrl,
    REFRESH_TOKEN_KEYS: secrets.refreshTokenKeys,
    KEY_ENCRYPTION_KEY: secrets.keyEncryptionKey,
    SERVICE_JWKS_URIS: jwksUris.join(','),
  };
}

/** Further settings of a service that calls cart-service on a user's behalf. */
export function callerEnvironment(ports: Ports): NodeJS.ProcessEnv {
  return { CART_URL: `http://127.0.0.1:${ports.cart}` };
}

/** payment-service's further settings. */
export function paymentEnvironment(secrets: Secrets): NodeJS.ProcessEnv {
  return { FINGERPRINT_KEY: secrets.fingerprintKey };
}
