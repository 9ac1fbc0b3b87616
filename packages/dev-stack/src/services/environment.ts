import type { Secrets } from '../stack/secrets.ts';
import { type ServiceKey, serviceDefinitions } from './definitions.ts';

// Nothing else of ours is passed on: a stray HOST, PORT or DATABASE_URL must not change what the stack does.
const passedOn = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LOG_LEVEL',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'SystemRoot',
];

export type EnvironmentOptions = {
  port: number;
  databaseUrl: string;
  authPort: number;
};

/** The settings of any service of the stack. */
export function serviceEnvironment(options: EnvironmentOptions): NodeJS.ProcessEnv {
  const { port, databaseUrl, authPort } = options;
  const inherited = passedOn.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return {
    ...Object.fromEntries(inherited),
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    ISSUER: `http://localhost:${authPort}`,
    // Where the shop's page is served, once there is one.
    CORS_ORIGINS: 'http://localhost:3000',
    JWKS_URI: `http://127.0.0.1:${authPort}/.well-known/jwks.json`,
    TOKEN_ENDPOINT: `http://127.0.0.1:${authPort}/token`,
    REVOCATIONS_URI: `http://127.0.0.1:${authPort}/revocations`,
  };
}

type Ports = Readonly<Record<ServiceKey, number>>;

/** The services that authenticate to auth-service: all others. */
const clients = ['cart', 'wishlist', 'payment'] as const satisfies ServiceKey[];

/** What auth-service needs besides. */
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

/** What a service needs besides that calls cart-service on a person's behalf. */
export function callerEnvironment(ports: Ports): NodeJS.ProcessEnv {
  return { CART_URL: `http://127.0.0.1:${ports.cart}` };
}

/** What payment-service needs besides. */
export function paymentEnvironment(secrets: Secrets): NodeJS.ProcessEnv {
  return { FINGERPRINT_KEY: secrets.fingerprintKey };
}
