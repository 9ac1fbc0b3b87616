import { ConfigError, loadConfig, redisUrl, serviceConfig } from '@latchkey/service-kit';
import { shorthandProviders } from '@latchkey/services';
import { type Static, type TString, Type } from 'typebox';
import { createClientRegistry } from './clients/clients.ts';
import { parseEncryptedServices } from './clients/encryption-keys.ts';
import { parseServiceJwksUris } from './clients/service-jwks-uris.ts';
import { parseSessionLimits } from './clients/session-limits.ts';
import type { Provider } from './federation/provider.ts';
import { faultOfCredential, parseProviders } from './federation/settings.ts';
import { parseKeyEncryptionKeys } from './keys/encryption.ts';
import { parseResourceUrls } from './permissions/resource-urls.ts';
import { defaultTimeoutMs } from './redis/client.ts';
import { parseMacKeys } from './sessions/refresh-token.ts';

/** The upper bound of an access token's lifetime, whatever ACCESS_TOKEN_SECONDS is or was. */
export const maxAccessTokenSeconds = 300;

const optionalCredential = (description: string) =>
  Type.String({ default: '', description, fault: faultOfCredential });

const shorthandSettings = Object.fromEntries(
  shorthandProviders.flatMap((preset) => [
    [
      `${preset.toUpperCase()}_CLIENT_ID`,
      optionalCredential(`our client id at ${preset}: people can sign in with it`),
    ],
    [`${preset.toUpperCase()}_CLIENT_SECRET`, optionalCredential(`its secret`)],
  ]),
) as Record<`${Uppercase<(typeof shorthandProviders)[number]>}_CLIENT_${'ID' | 'SECRET'}`, TString>;

export const configSchema = Type.Object({
  ...serviceConfig,
  REDIS_URL: redisUrl(),
  // Feed events and the Last-Event-ID header carry one position per shard, so the number is bounded.
  REDIS_SHARDS: Type.Integer({
    minimum: 1,
    maximum: 256,
    default: 1,
    description: 'hash tags to spread people over, 1 to 256; fixed once there are sessions',
  }),
  REDIS_TIMEOUT_MS: Type.Integer({
    minimum: 200,
    maximum: 10_000,
    default: defaultTimeoutMs,
    description: 'milliseconds, 200 to 10000: how long a command to Redis may take before the answer is 503',
  }),
  REDIS_EVICTION: Type.Union([Type.Literal('warn'), Type.Literal('refuse')], {
    default: 'warn',
    description: 'warn or refuse: what to do about a Redis that may evict keys',
  }),
  REDIS_LOSS_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    default: 60,
    description:
      'seconds, 1 to 86400: how long Redis must be without its data before the data counts as lost',
  }),
  REFRESH_TOKEN_KEYS: Type.String({
    minLength: 1,
    description: 'kid:base64url[,kid:base64url], 32 bytes each; the first signs',
  }),
  KEY_ENCRYPTION_KEY: Type.String({
    minLength: 1,
    description: 'base64url of 32 bytes[,older ones]; the first encrypts',
  }),
  SERVICE_JWKS_URIS: Type.Array(Type.String(), {
    default: [],
    description: 'name=url[,name=url]: the services that may authenticate, and where each publishes its keys',
  }),
  BOUND_ONLY_SERVICES: Type.Array(Type.String(), {
    default: [],
    description:
      'names of SERVICE_JWKS_URIS, separated by commas: services that get no token without a DPoP proof',
  }),
  RESOURCE_URLS: Type.Array(Type.String(), {
    default: [],
    description: 'name=url[,name=url]: by which origin clients call each service, for resource indicators',
  }),
  ENCRYPTED_TOKENS_FOR: Type.Array(Type.String(), {
    default: [],
    description: 'name[,name]: the services whose access tokens are encrypted to the key that each publishes',
  }),
  IDENTITY_PROVIDERS: Type.String({
    default: '[]',
    description: 'JSON: where people can sign in with an account elsewhere, see docs/identity-providers.md',
  }),
  ...shorthandSettings,
  CLIENT_REGISTRATION: Type.Union([Type.Literal('operators'), Type.Literal('anybody')], {
    default: 'operators',
    description:
      'operators or anybody: who may register applications; anybody: by RFC 7591, without authentication',
  }),
  ACCESS_TOKEN_SECONDS: Type.Integer({
    minimum: 5,
    maximum: maxAccessTokenSeconds,
    default: maxAccessTokenSeconds,
    description: 'seconds, 5 to 300',
  }),
  SESSION_SECONDS: Type.Integer({
    minimum: 60,
    maximum: 31_536_000,
    default: 2_592_000,
    description: 'seconds, 60 to 31536000',
  }),
  SESSION_LIMITS: Type.Array(Type.String(), {
    default: [],
    description:
      'client=number[,client=number]: the most devices on which a person may be signed in with it; 0: no limit',
  }),
  JWKS_MAX_AGE_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3600,
    default: 60,
    description: 'seconds, 1 to 3600',
  }),
  KEY_SKEW_SECONDS: Type.Integer({ minimum: 1, maximum: 300, default: 30, description: 'seconds, 1 to 300' }),
  KEY_ROTATION_DAYS: Type.Integer({ minimum: 1, maximum: 365, default: 30, description: 'days, 1 to 365' }),
  REVOCATION_HEARTBEAT_MS: Type.Integer({
    minimum: 100,
    // A subscriber that receives nothing for 12 s treats the connection as dead.
    maximum: 5000,
    default: 5000,
    description: 'milliseconds, 100 to 5000: how often the feed sends a heartbeat',
  }),
  PASSWORD_HASH_CONCURRENCY: Type.Integer({ minimum: 1, maximum: 64, default: 2, description: '1 to 64' }),
});

export type AuthConfig = Static<typeof configSchema>;

/** Reads auth-service's settings; throws ConfigError naming every fault at once. */
export function readConfig(env: Record<string, string | undefined>): AuthConfig {
  const config = loadConfig(configSchema, env);
  const faults = [
    ...faultOf('REFRESH_TOKEN_KEYS', () => parseMacKeys(config.REFRESH_TOKEN_KEYS)),
    ...faultOf('KEY_ENCRYPTION_KEY', () => parseKeyEncryptionKeys(config.KEY_ENCRYPTION_KEY)),
    ...faultOf('SERVICE_JWKS_URIS', () =>
      clientsOf({ ...config, SESSION_LIMITS: [], BOUND_ONLY_SERVICES: [] }),
    ),
    ...faultOf('BOUND_ONLY_SERVICES', () => clientsOf({ ...config, SESSION_LIMITS: [] })),
    ...faultOf('ENCRYPTED_TOKENS_FOR', () => encryptedServicesOf(config)),
    ...faultOf('RESOURCE_URLS', () => parseResourceUrls(config.RESOURCE_URLS)),
    ...faultOf('IDENTITY_PROVIDERS', () => providersOf(config)),
    ...faultOf('SESSION_LIMITS', () =>
      clientsOf({ ...config, SERVICE_JWKS_URIS: [], BOUND_ONLY_SERVICES: [] }),
    ),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** Builds the registry of clients from these settings. */
export function clientsOf(
  config: Pick<AuthConfig, 'CORS_ORIGINS' | 'SERVICE_JWKS_URIS' | 'BOUND_ONLY_SERVICES' | 'SESSION_LIMITS'>,
) {
  return createClientRegistry({
    storefrontOrigins: config.CORS_ORIGINS,
    serviceJwksUris: parseServiceJwksUris(config.SERVICE_JWKS_URIS),
    boundOnlyServices: config.BOUND_ONLY_SERVICES,
    sessionLimits: parseSessionLimits(config.SESSION_LIMITS),
  });
}

/** The names of the services whose access tokens are encrypted. */
export function encryptedServicesOf(
  config: Pick<AuthConfig, 'ENCRYPTED_TOKENS_FOR' | 'SERVICE_JWKS_URIS'>,
): ReadonlySet<string> {
  if (config.ENCRYPTED_TOKENS_FOR.length === 0) return new Set();
  return parseEncryptedServices(config.ENCRYPTED_TOKENS_FOR, parseServiceJwksUris(config.SERVICE_JWKS_URIS));
}

/** Reads the identity providers from these settings. */
export function providersOf(config: AuthConfig): readonly Provider[] {
  const shorthand = new Map(
    shorthandProviders.flatMap((preset) => {
      const name = preset.toUpperCase() as Uppercase<typeof preset>;
      const [clientId, secret] = [config[`${name}_CLIENT_ID`], config[`${name}_CLIENT_SECRET`]];
      if ((clientId === '') !== (secret === ''))
        throw new Error(`${name}_CLIENT_ID and ${name}_CLIENT_SECRET belong together`);
      return clientId === '' ? [] : [[preset, { clientId, secret }] as const];
    }),
  );
  return parseProviders(config.IDENTITY_PROVIDERS, shorthand, {
    isProduction: config.NODE_ENV === 'production',
  });
}

/** The parsers' messages name the fault and never contain a secret. */
function faultOf(name: string, parse: () => unknown): string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [...error.faults];
    return [`${name} is not valid: ${error instanceof Error ? error.message : 'it cannot be read'}`];
  }
}
