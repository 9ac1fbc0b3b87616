import type { SystemUnderLoad } from '../../system/system.ts';

/** The ways to find out whether a request may pass: ours, and those of others. */
export const wayTitles = {
  none: 'no check',
  ignored: 'no check, token sent all the same',
  local: 'token, verified locally',
  revocation: 'token, and 100,000 revocations held',
  introspection: 'token, introspected per request',
  session: 'session, looked up in Redis per request',
  'fastify-jwt': '@fastify/jwt + get-jwks',
  jose: 'jose in Fastify',
  express: 'Express, no check',
  'express-oauth2-jwt-bearer': 'express-oauth2-jwt-bearer',
} as const;
export type Way = keyof typeof wayTitles;

/** What a request makes work for beside the service itself. */
export const sharedParts: Readonly<Partial<Record<Way, readonly ('authCpu' | 'redisCpu')[]>>> = {
  introspection: ['authCpu', 'redisCpu'],
  session: ['redisCpu'],
};

/** Where a measured server finds what it needs: as a service of the system would. */
export type ServerSettings = {
  readonly issuer: string;
  /** Of auth-service, as it is called. */
  readonly origin: string;
  readonly jwksUri: string;
  readonly introspectionUri: string;
  readonly redisUrl: string;
  /** Cart-service's: a measured server is one more replica of it, and proves who it is as a replica does. */
  readonly databaseUrl: string;
};

/** What every measured route answers with, once it has let a request in. */
export const answer = {
  items: [{ sku: 'tea-001', quantity: 2, price: 1250 }],
  total: 2500,
  currency: 'EUR',
};
export const audience = 'cart-service';
export const scope = 'cart:read';
export const sessionPrefix = 'load:session:';
/** The environment variable that carries the settings, as JSON: a command line could be read by others. */
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
