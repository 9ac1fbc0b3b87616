import { randomBytes } from 'node:crypto';
import { type ServiceKey, serviceKeys, services } from '@latchkey/services';

const others = [
  'refresh_token_key',
  'postgres_superuser_password',
  'redis_admin_password',
  'redis_auth_password',
  'gift_ideas_secret',
  'example_id_secret',
] as const;

/** The names of all secrets, in the state file and in the tests. */
export const secretNames = [
  ...others,
  ...Object.values(services).flatMap(({ secrets }) => secrets.map((setting) => setting.toLowerCase())),
  ...serviceKeys.map(passwordOf),
];

export type Secrets = Readonly<Record<string, string> & Record<(typeof others)[number], string>>;

/** The name of the secret with which a service connects to Postgres. */
export function passwordOf(service: ServiceKey) {
  return `postgres_${service}_password` as const;
}

/** 256 random bits in base64url. A URL, an SQL literal and an access-control list can contain it unescaped. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Returns the secrets of the state file, and a new one for each that is missing (all of them at the first start, a few
 * after an upgrade). Keeps every existing secret.
 *
 * @param text the state file; undefined when there is none yet
 * @throws Error when the text is damaged, because nobody could read the old data with new secrets
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
