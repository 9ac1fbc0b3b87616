import { createHash } from 'node:crypto';
import { type ServiceKey, serviceKeys, services } from '@latchkey/services';
import { redisUsers } from './redis-users.ts';
import { passwordOf, type Secrets } from './secrets.ts';

/** For each container that gets secrets, its files: a name as in NAME_FILE, and the contents. */
export type Handouts = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The published ports that some files name. */
export type Ports = { readonly auth: string; readonly exampleId: string };

/**
 * Decides which container gets which secrets. Each container mounts only its own volume, so it can read nothing else.
 * Redis checks auth-service's password by a digest. It gets the operator's password itself, for the operator to use
 * (docs/decisions/0019-secrets-in-containers.md).
 */
export function handoutsOf(secrets: Secrets, ports: Ports): Handouts {
  const { client, provider } = exampleIdOf(secrets, ports);
  const ofServices = Object.fromEntries(
    serviceKeys.map((key) => [services[key].name, handoutOf(key, secrets)]),
  );
  return {
    ...ofServices,
    'auth-service': { ...ofServices['auth-service'], 'identity-providers': JSON.stringify([provider]) },
    // auth-service gets only its digest, by the one-shot that registers gift-ideas.
    'gift-ideas': { 'client-secret': secrets.gift_ideas_secret },
    'example-id': { clients: JSON.stringify([client]) },
    postgres: {
      'superuser-password': secrets.postgres_superuser_password,
      ...Object.fromEntries(serviceKeys.map((key) => [`${key}-password`, secrets[passwordOf(key)]])),
    },
    redis: {
      'admin-password': secrets.redis_admin_password,
      'users.acl': redisUsers({
        admin: sha256(secrets.redis_admin_password),
        authService: sha256(secrets.redis_auth_password),
      }),
    },
  };
}

function handoutOf(key: ServiceKey, secrets: Secrets): Record<string, string> {
  const own = services[key].secrets.map((setting) => setting.toLowerCase());
  return {
    'database-url': `postgres://${key}:${secrets[passwordOf(key)]}@postgres:5432/${key}`,
    ...Object.fromEntries(own.map((name) => [name.replaceAll('_', '-'), secrets[name]])),
    ...(key === 'auth' && {
      'redis-url': `redis://auth-service:${secrets.redis_auth_password}@redis:6379`,
      'refresh-token-keys': `r1:${secrets.refresh_token_key}`,
    }),
  };
}

/**
 * What Example ID knows of auth-service, and the reverse. Browsers go to localhost. The two reach each other by the
 * front.
 */
function exampleIdOf(secrets: Secrets, { auth, exampleId }: Ports) {
  const credentials = { client_id: 'latchkey', client_secret: secrets.example_id_secret };
  const issuer = `http://localhost:${exampleId}`;
  return {
    client: {
      ...credentials,
      client_name: 'Latchkey',
      redirect_uris: [`http://localhost:${auth}/providers/example-id/callback`],
      backchannel_logout_uri: `http://front:${auth}/providers/example-id/backchannel-logout`,
    },
    provider: {
      ...{ id: 'example-id', name: 'Example ID', issuer, ...credentials },
      reached_at: { [issuer]: `http://front:${exampleId}` },
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
