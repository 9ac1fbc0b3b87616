import { setTimeout as delay } from 'node:timers/promises';
import { authClient, type RevocationList } from '@latchkey/auth-client';
import {
  createPostgresProofStore,
  createRedisProofStore,
  type ProofStore,
} from '@latchkey/auth-client/proof';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { holdRevocations } from './held-revocations.ts';
import { audience, type ServerSettings, scope, sessionPrefix, type Way } from './settings.ts';

export type AsyncHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
export type Hook = onRequestHookHandler | AsyncHook;

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const connections = 64;
/** As many as a service has: DATABASE_POOL_SIZE. */
const proofConnections = 10;
/** All services in this process share these, because a replica has each of them once. */
let held: RevocationList | undefined;
let introspector: Promise<AsyncHook> | undefined;
let proofStore: Promise<ProofStore> | undefined;

/** Makes the hooks that decide, in one of these ways, whether a request may pass. */
export async function protect(app: FastifyInstance, way: Way, settings: ServerSettings): Promise<Hook[]> {
  switch (way) {
    case 'none':
    case 'ignored':
      return [];
    case 'local':
    case 'bound':
      return [await verifyLocally(app, settings)];
    case 'bound-redis':
      return [
        await verifyLocally(app, settings, {
          proofStore: createRedisProofStore(new Redis(settings.redisUrl)),
        }),
      ];
    case 'bound-postgres':
      proofStore ??= keepInPostgres(settings);
      return [await verifyLocally(app, settings, { proofStore: await proofStore })];
    case 'revocation':
      held ??= holdRevocations();
      return [await verifyLocally(app, settings, { revocations: held })];
    case 'introspection':
      introspector ??= introspect(settings);
      return [await introspector];
    case 'session':
      return [lookUp(settings)];
    case 'fastify-jwt':
    case 'jose':
      return (await import('../../rivals/servers/checks.ts')).checks[way](app, settings);
    default:
      throw new Error(`${way} is no way of Fastify's.`);
  }
}

/** Verifies tokens as our services do. */
async function verifyLocally(
  app: FastifyInstance,
  { issuer, jwksUri }: ServerSettings,
  options: { revocations?: RevocationList; proofStore?: ProofStore } = {},
): Promise<Hook> {
  await app.register(authClient, { issuer, audience, jwksUri, revocations: null, ...options });
  await app.authClient.ready();
  return app.requireScope(scope);
}

/** As our services do by default: their replicas share a database. */
async function keepInPostgres({ databaseUrl }: ServerSettings): Promise<ProofStore> {
  const { openServiceDatabase } = await import('./service-database.ts');
  return createPostgresProofStore(
    (await openServiceDatabase(audience, databaseUrl, { connections: proofConnections })).pool,
  );
}

/** Asks for each token (RFC 7662), and authenticates by private_key_jwt as our services do at auth-service. */
async function introspect({ issuer, introspectionUri, databaseUrl }: ServerSettings): Promise<AsyncHook> {
  // Imported only here, because it takes as long to load as all the rest.
  const { openIdentity } = await import('./identity.ts');
  const { identity } = await openIdentity(audience, databaseUrl);
  const { origin, pathname: path } = new URL(introspectionUri);
  const pool = new Pool(origin, { connections });

  async function ask(token: string): Promise<{ active: boolean; scope?: string }> {
    const form = new URLSearchParams({
      token,
      client_id: audience,
      client_assertion_type: assertionType,
      client_assertion: await identity.assertion(issuer),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { statusCode, body } = await pool.request({ method: 'POST', path, headers, body: form.toString() });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`POST ${path} was answered ${statusCode}: ${text}`);
    return JSON.parse(text);
  }

  // Asks until auth-service has seen our new key.
  for (let left = 100; left > 0; left -= 1) {
    const answer = await ask('none').catch((error: unknown) => error);
    if (!(answer instanceof Error)) break;
    if (left === 1) throw answer;
    await delay(100);
  }
  return async (request, reply) => {
    const answer = await ask(bearerOf(request));
    return answer.active && isAllowed(answer.scope) ? undefined : reply.code(401).send();
  };
}

/** The stateful way: the request carries an opaque session id, and all services share the store of sessions. */
function lookUp({ redisUrl }: ServerSettings): AsyncHook {
  const redis = new Redis(redisUrl);
  return async (request, reply) => {
    const stored = await redis.get(sessionPrefix + bearerOf(request));
    const session = stored === null ? undefined : JSON.parse(stored);
    return session !== undefined && session.expiresAt > Date.now() && isAllowed(session.scope)
      ? undefined
      : reply.code(401).send();
  };
}

function bearerOf({ headers }: FastifyRequest): string {
  return headers.authorization?.slice('Bearer '.length) ?? '';
}

function isAllowed(granted = ''): boolean {
  return granted.split(' ').includes(scope);
}
