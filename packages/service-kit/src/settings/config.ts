import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { Check, Default } from 'typebox/value';
import { faultOfTrustedProxy } from '../client-address/trusted-proxies.ts';
import { postgresUrl } from './postgres-url.ts';
import { readSettingText } from './setting-text.ts';
import { endpointUrl, issuerUrl, originUrl } from './setting-url.ts';

/** All missing or wrong settings in one message. It names settings, never their values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One sentence for each faulty setting. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration is not valid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * The settings of every HTTP server. Spread them into the schema of a server without a database.
 *
 * @example
 * const schema = Type.Object({ ...httpConfig, GREETING: Type.String({ description: 'a greeting' }) });
 */
export const httpConfig = {
  HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'an address to listen on; localhost: both 127.0.0.1 and ::1',
  }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    description: 'a TCP port, 0 to 65535 (0: any free one)',
  }),
  LOG_LEVEL: Type.Union(
    [
      Type.Literal('fatal'),
      Type.Literal('error'),
      Type.Literal('warn'),
      Type.Literal('info'),
      Type.Literal('debug'),
      Type.Literal('trace'),
      Type.Literal('silent'),
    ],
    { default: 'info', description: 'fatal, error, warn, info, debug, trace or silent' },
  ),
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('production'), Type.Literal('test')], {
    default: 'production',
    description: 'development, production or test',
  }),
  TRUSTED_PROXIES: Type.Array(Type.String({ fault: faultOfTrustedProxy }), {
    default: [],
    description: 'IP addresses or CIDR ranges, separated by commas',
  }),
  DRAIN_MS: Type.Integer({
    minimum: 0,
    maximum: 600_000,
    default: 250,
    description:
      'how long a service goes on after a stop signal and tells clients to go elsewhere: milliseconds, 0 to 600000',
  }),
  SHUTDOWN_TIMEOUT_MS: Type.Integer({
    minimum: 1,
    maximum: 600_000,
    default: 10_000,
    description: 'milliseconds, 1 to 600000',
  }),
};

/**
 * The settings of every service with a database and an issuer. Spread them into the service's own schema.
 *
 * @example
 * const schema = Type.Object({ ...serviceConfig, GREETING: Type.String({ description: 'a greeting' }) });
 */
export const serviceConfig = {
  ...httpConfig,
  DATABASE_URL: postgresUrl(),
  DATABASE_POOL_SIZE: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 10,
    description: 'connections, 1 to 1000',
  }),
  DATABASE_TIMEOUT_MS: Type.Integer({
    minimum: 200,
    maximum: 60_000,
    default: 2000,
    description:
      'milliseconds, 200 to 60000: how long a request may wait for a connection before the answer is 503',
  }),
  ISSUER: issuerUrl('the http(s) URL that tokens name as their issuer, without a slash at its end'),
  JWKS_URI: endpointUrl('the http(s) URL where the issuer publishes its keys'),
  INTERNAL_URLS: Type.Array(originUrl('an origin'), {
    default: [],
    description: 'http(s) origins by which other services call this one, separated by commas',
  }),
  CORS_ORIGINS: Type.Array(originUrl('an origin'), {
    default: [],
    description: 'origins (scheme://host[:port], no path, no *), separated by commas',
  }),
};

/**
 * The settings of a service that gets keys and revocations from auth-service, as all services but auth-service do.
 *
 * @example
 * const schema = Type.Object({ ...serviceConfig, ...issuerEndpoints });
 */
export const issuerEndpoints = {
  TOKEN_ENDPOINT: endpointUrl('the http(s) URL where auth-service issues tokens'),
  REVOCATIONS_URI: endpointUrl('the http(s) URL of auth-service’s feed of revocations'),
  RESOURCE_URL: Type.Optional(
    originUrl(
      'the http(s) origin by which clients call this service; with it the service publishes its metadata',
    ),
  ),
  TOKEN_DECRYPTION_KEYS: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }), {
    default: [],
    description:
      'base64url of 32 bytes[,older ones], private keys on P-256: access tokens are encrypted to the first; all open them',
  }),
  ENCRYPTED_TOKENS: Type.Union([Type.Literal('accepted'), Type.Literal('required')], {
    default: 'accepted',
    description: 'accepted or required: whether access tokens that are not encrypted pass; needs a key',
  }),
  PROOF_STORE: Type.Union([Type.Literal('database'), Type.Literal('memory')], {
    default: 'database',
    description:
      'database or memory: where it is kept which DPoP proofs were used; memory is for one replica',
  }),
};

/**
 * Reads a service's settings from environment variables: coerces, applies defaults, checks.
 *
 * The schema's keys are the variables' names. A string becomes an integer, number, boolean (`true`/`false`/`1`/`0`)
 * or array (split at commas, blanks trimmed) where the schema asks for one. An empty variable counts as not set;
 * variables that the schema does not name are ignored. Any setting NAME may come from the file that NAME_FILE names
 * instead. Does not check that anything is reachable.
 *
 * A string's schema may have a `fault`: a function that says what is wrong with the value, without repeating it.
 *
 * @throws {ConfigError} naming all faulty settings, without their values, because one may be a secret.
 * @example
 * const config = loadConfig(Type.Object({ ...serviceConfig }), process.env);
 */
export function loadConfig<T extends TObject>(schema: T, env: Record<string, string | undefined>): Static<T> {
  const properties = Object.entries<TSchema>(schema.properties);
  const given: Record<string, unknown> = {};
  const unreadable = new Map<string, string>();
  for (const [name, property] of properties) {
    const setting = readSettingText(name, env);
    if ('fault' in setting) unreadable.set(name, setting.fault);
    else if (setting.text !== undefined) given[name] = coerce(setting.text, property);
  }
  const settings = Default(schema, given) as Record<string, unknown>;
  const required = new Set<string>(schema.required);
  const faults = properties.flatMap(([name, property]) => {
    const fault = unreadable.get(name);
    if (fault !== undefined) return [fault];
    const setting = settings[name];
    if (setting === undefined)
      return required.has(name) ? [`${name} is missing${expectation(property)}`] : [];
    const found = faultOf(property, setting);
    return found === undefined ? [] : [`${name} is not valid${found}`];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  rereaders.set(settings, (name) => {
    const property = schema.properties[name] as TSchema;
    const setting = readSettingText(name, env);
    const isGood =
      'text' in setting && setting.text !== undefined && faultOf(property, setting.text) === undefined;
    if (isGood) settings[name] = setting.text;
    return settings[name];
  });
  return settings as Static<T>;
}

/** The message for an invalid setting; undefined for a valid one. */
function faultOf(schema: TSchema, setting: unknown): string | undefined {
  if (!Check(schema, setting)) return expectation(schema);
  const wrong = faultIn(schema, setting);
  return wrong === undefined ? undefined : `${expectation(schema)}: ${wrong}`;
}

/** By the schema's own check, or that of its items. */
function faultIn(schema: TSchema, setting: unknown): string | undefined {
  const { items, fault } = schema as { items?: TSchema; fault?: (text: string) => string | undefined };
  if (typeof setting === 'string') return fault?.(setting);
  if (!Array.isArray(setting) || items === undefined) return undefined;
  return setting.map((item) => faultIn(items, item)).find((found) => found !== undefined);
}

const rereaders = new WeakMap<object, (name: string) => unknown>();

/**
 * The current text of a setting. If it comes from a file, the file is read again, because a secret in it may have been
 * replaced. If the file is unreadable or its text invalid, the old text stays. Use it for settings that are needed
 * again while the service runs, such as a store's URL for each new connection.
 *
 * @example
 * const redis = connectRedis({ url: () => currentSetting(config, 'REDIS_URL'), onError });
 */
export function currentSetting<Name extends string>(
  config: { readonly [N in Name]: string },
  name: Name,
): string {
  return (rereaders.get(config)?.(name) as string | undefined) ?? config[name];
}

function coerce(text: string, schema: TSchema): unknown {
  const type = 'type' in schema ? schema.type : undefined;
  if (type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (type === 'number') return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
  if (type === 'boolean') return { true: true, '1': true, false: false, '0': false }[text] ?? text;
  if (type === 'array') {
    const items = (schema as { items?: TSchema }).items ?? {};
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => coerce(item, items));
  }
  return text;
}

function expectation(schema: TSchema): string {
  return 'description' in schema ? ` (expected: ${String(schema.description)})` : '';
}
