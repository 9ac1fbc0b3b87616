import { randomBytes } from 'node:crypto';
import { type ServiceKey, serviceKeys, services } from '@latchkey/services';

const others = [
  'refresh_token_key',
  'postgres_superuser_password',
  'redis_admin_password',
  'redis_auth_password',
] as const;

/** A bare word that names one secret: it is also how the state file and the tests call it. */
export const secretNames = [
  ...others,
  ...Object.values(services).flatMap(({ secrets }) => secrets.map((setting) => setting.toLowerCase())),
  ...serviceKeys.map(passwordOf),
];

export type Secrets = Readonly<Record<string, string> & Record<(typeof others)[number], string>>;

/** The name of the secret by which a service connects to Postgres. */
export function passwordOf(service: ServiceKey) {
  return `postgres_${service}_password` as const;
}

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
