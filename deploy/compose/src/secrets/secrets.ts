import { randomBytes } from 'node:crypto';

/** A bare word that names one secret: it is also how the state file and the tests call it. */
export const secretNames = [
  'refresh_token_key',
  'key_encryption_key',
  'fingerprint_key',
  'postgres_superuser_password',
  'postgres_auth_password',
  'postgres_cart_password',
  'postgres_wishlist_password',
  'postgres_payment_password',
  'redis_admin_password',
  'redis_auth_password',
] as const;

export type SecretName = (typeof secretNames)[number];

export type Secrets = Readonly<Record<SecretName, string>>;

/** 256 random bits in base64url: it fits into a URL, an SQL literal and an access-control list as it stands. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * What the state file holds, and a new secret for each that it lacks (all of them at the first start, a few after an
 * upgrade). Keeps every secret that is there.
 *
 * @param text the state file; undefined when there is none yet
 * @throws Error when the text is damaged: making new secrets would leave data behind that nobody can read
 */
export function completeSecrets(text: string | undefined, make: () => string = makeSecret): Secrets {
  const known = text === undefined ? {} : parse(text);
  return Object.fromEntries(secretNames.map((name) => [name, known[name] ?? make()])) as Secrets;
}

function parse(text: string): Record<string, string> {
  try {
    const state: unknown = JSON.parse(text);
    if (typeof state === 'object' && state !== null && Object.values(state).every(isSecret)) {
      return state as Record<string, string>;
    }
  } catch {
    // Damaged, as below.
  }
  throw new Error('secrets.json is damaged: restore the volume, or start anew with docker compose down -v');
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value);
}
