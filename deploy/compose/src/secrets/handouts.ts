import { createHash } from 'node:crypto';
import { redisUsers } from './redis-users.ts';
import type { SecretName, Secrets } from './secrets.ts';

/** For each container that is given secrets, its files: a name as in NAME_FILE, and the contents. */
export type Handouts = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Who is given what. Each container mounts its own volume alone, so nobody can read what is not written here for it.
 * Redis checks auth-service's password by a digest; the operator's is there to be used
 * (docs/decisions/0019-secrets-in-containers.md).
 */
export function handoutsOf(secrets: Secrets): Handouts {
  const database = (service: string, password: SecretName) =>
    `postgres://${service}:${secrets[password]}@postgres:5432/${service}`;
  return {
    'auth-service': {
      'database-url': database('auth', 'postgres_auth_password'),
      'redis-url': `redis://auth-service:${secrets.redis_auth_password}@redis:6379`,
      'refresh-token-keys': `r1:${secrets.refresh_token_key}`,
      'key-encryption-key': secrets.key_encryption_key,
    },
    'cart-service': { 'database-url': database('cart', 'postgres_cart_password') },
    'wishlist-service': { 'database-url': database('wishlist', 'postgres_wishlist_password') },
    'payment-service': {
      'database-url': database('payment', 'postgres_payment_password'),
      'fingerprint-key': secrets.fingerprint_key,
    },
    postgres: {
      'superuser-password': secrets.postgres_superuser_password,
      'auth-password': secrets.postgres_auth_password,
      'cart-password': secrets.postgres_cart_password,
      'wishlist-password': secrets.postgres_wishlist_password,
      'payment-password': secrets.postgres_payment_password,
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

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
