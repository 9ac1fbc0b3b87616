import type { SystemUnderLoad } from '../../system/system.ts';

/** The ways to decide whether a request may pass: ours, and those of others. */
export const wayTitles = {
  none: 'no check',
  ignored: 'no check, token sent all the same',
  local: 'token, verified locally',
  bound: 'token bound to a key, proof per request',
  'bound-redis': 'token bound to a key, proofs kept in Redis',
  'bound-postgres': 'token bound to a key, proofs kept in Postgres',
  revocation: 'token, and 100,000 revocations held',
  introspection: 'token, introspected per request',
  session: 'session, looked up in Redis per request',
  'fastify-jwt': '@fastify/jwt + get-jwks',
  jose: 'jose in Fastify',
  express: 'Express, no check',
  'express-oauth2-jwt-bearer': 'express-oauth2-jwt-bearer',
} as const;
export type Way = keyof typeof wayTitles;

/** The way that also makes work for Postgres, whose CPU time is not read: it has no CPU time of a whole request. */
export const askingPostgres: Way = 'bound-postgres';

/** The parts beside the service itself that each request makes work for. */
export const sharedParts: Readonly<Partial<Record<Way, readonly ('authCpu' | 'redisCpu')[]>>> = {
  introspection: ['authCpu', 'redisCpu'],
  session: ['redisCpu'],
  'bound-redis': ['redisCpu'],
};

/** The ways that bind a token to a key (RFC 9449). */
export function isBound(way: Way): boolean {
  return way.startsWith('bound');
}

/** The addresses and secrets that a measured server needs. They are those of a service of the system. */
export type ServerSettings = {
  readonly issuer: string;
  /** The URL at which auth-service is called. */
  readonly origin: string;
  readonly jwksUri: string;
  readonly introspectionUri: string;
  readonly redisUrl: string;
  /** Cart-service's database. A measured server authenticates as one more replica of cart-service. */
  readonly databaseUrl: string;
};

/** The answer of every measured route to a request that it has let in. */
export const answer = {
  items: [{ sku: 'tea-001', quantity: 2, price: 1250 }],
  total: 2500,
  currency: 'EUR',
};
export const audience = 'cart-service';
export const scope = 'cart:read';
export const sessionPrefix = 'load:session:';
/** The environment variable that carries the settings, as JSON. Others could read a command line. */
export const settingsVariable = 'LOAD_SERVER_SETTINGS';

/** @throws Error when the system is not ours */
export async function settingsOf({ stack, urls }: SystemUnderLoad): Promise<ServerSettings> {
  if (stack === undefined) throw new Error('Servers can be measured beside a system of our own only.');
  return {
    issuer: stack.issuer,
    origin: urls.auth,
    jwksUri: `${urls.auth}/.well-known/jwks.json`,
    introspectionUri: `${urls.auth}/introspect`,
    redisUrl: stack.redis.url,
    databaseUrl: await stack.postgres.createDatabase('cart'),
  };
}
