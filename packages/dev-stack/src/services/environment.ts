import {
  byService,
  type ServiceKey,
  services,
  shorthandProviders,
  shorthandSettingsOf,
  verifierKeys,
} from '@latchkey/services';
import { machineEnvironment } from '../processes/environment.ts';
import { storefrontDefinition } from './definitions.ts';
import type { Secrets } from './secrets.ts';

export type OptionalPart = 'storefront' | 'giftIdeas' | 'exampleId';

export type Ports = Readonly<Record<ServiceKey, number> & Partial<Record<OptionalPart, number>>>;

export type EnvironmentOptions = { ports: Ports; databaseUrl: string; secrets: Secrets };

/** The settings of a service of the stack: what all have, its own secrets, and the addresses of whom it calls. */
export function serviceEnvironment(key: ServiceKey, options: EnvironmentOptions): NodeJS.ProcessEnv {
  const { ports, databaseUrl, secrets } = options;
  const auth = addressOf(ports.auth);
  const { called } = services[key];
  return {
    ...commonEnvironment(ports[key]),
    DATABASE_URL: databaseUrl,
    ISSUER: originAt(ports.auth),
    CORS_ORIGINS: originAt(ports.storefront ?? storefrontDefinition.defaultPort),
    ...(ports.storefront === undefined ? {} : { SPANS_ENDPOINT: addressOf(ports.storefront) }),
    JWKS_URI: `${auth}/.well-known/jwks.json`,
    TOKEN_ENDPOINT: `${auth}/token`,
    REVOCATIONS_URI: `${auth}/revocations`,
    RESOURCE_URL: originAt(ports[key]),
    INTERNAL_URLS: addressOf(ports[key]),
    // Each service has one replica here.
    PROOF_STORE: 'memory',
    ...Object.fromEntries(services[key].secrets.map((name) => [name, secrets[name]])),
    ...Object.fromEntries(called.map((other) => [services[other].urlVariable, addressOf(ports[other])])),
  };
}

/** By which the parts of the stack reach each other. */
export function addressOf(port: number): string {
  return originAt(port, '127.0.0.1');
}

/**
 * An address for people and their clients, written as browsers write it: without the port of http. That of auth-service
 * is the issuer in tokens.
 */
export function originAt(port: number, host = 'localhost'): string {
  return new URL(`http://${host}:${port}`).origin;
}

/** The environment of every process of the stack. */
export function commonEnvironment(port: number): NodeJS.ProcessEnv {
  return {
    ...machineEnvironment(['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS']),
    NODE_ENV: 'development',
    // Matches the addresses that we print.
    HOST: 'localhost',
    PORT: String(port),
  };
}

/** auth-service's further settings. */
export function authEnvironment(redisUrl: string, secrets: Secrets, ports: Ports): NodeJS.ProcessEnv {
  const jwksUris = verifierKeys.map(
    (key) => `${services[key].name}=${addressOf(ports[key])}/.well-known/jwks.json`,
  );
  return {
    REDIS_URL: redisUrl,
    REFRESH_TOKEN_KEYS: secrets['REFRESH_TOKEN_KEYS'],
    SERVICE_JWKS_URIS: jwksUris.join(','),
    RESOURCE_URLS: verifierKeys.map((key) => `${services[key].name}=${originAt(ports[key])}`).join(','),
  };
}

/**
 * What the services may have of a shell's settings: a log level that says more than usual, and for auth-service id and
 * secret at an identity provider, so that its button appears. `tell` gets a line about what is left out.
 */
export function shellEnvironment(
  shell: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): Record<ServiceKey, NodeJS.ProcessEnv> {
  const level = shell['LOG_LEVEL']?.toLowerCase();
  // Any other is for another program. With fewer lines the logs would not tell why a service is not ready.
  const logs = level === 'debug' || level === 'trace' ? { LOG_LEVEL: level } : {};
  const providers = providerEnvironment(shell, tell);
  return byService((key) => ({ ...logs, ...(key === 'auth' ? providers : {}) }));
}

/** auth-service does not start with half of a provider's pair, so it gets none. */
function providerEnvironment(shell: NodeJS.ProcessEnv, tell: (line: string) => void): NodeJS.ProcessEnv {
  const pairs = shorthandProviders.flatMap((provider) => {
    const names = shorthandSettingsOf(provider);
    const missing = names.filter((name) => !shell[name]);
    if (missing.length === 1) tell(`No sign-in with ${provider}: ${missing[0]} is not set.`);
    return missing.length > 0 ? [] : names.map((name) => [name, shell[name]] as const);
  });
  return Object.fromEntries(pairs);
}
