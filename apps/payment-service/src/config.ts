import { loadConfig, serviceConfig } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';

const schema = Type.Object({
  ...serviceConfig,
  PROCESSOR_TIMEOUT_MS: Type.Integer({
    minimum: 10,
    maximum: 10_000,
    default: 2000,
    description: 'how long the card processor may take to answer: milliseconds, 10 to 10000',
  }),
  FINGERPRINT_KEY: Type.String({
    pattern: '^[A-Za-z0-9_-]{43,}$',
    description: 'at least 32 random bytes in base64url; it keys the fingerprints of requests',
  }),
});

export type Config = Static<typeof schema>;

/**
 * Reads the settings of payment-service.
 *
 * FINGERPRINT_KEY has no default: without a secret, whoever reads the database and guesses a weak Idempotency-Key could
 * search for the card number behind a fingerprint.
 *
 * @throws {ConfigError} naming every faulty setting at once
 * @example const config = readConfig(process.env);
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  return loadConfig(schema, env);
}
