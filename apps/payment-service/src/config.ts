import { baseUrl, issuerEndpoints, loadConfig, serviceConfig } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';

export const configSchema = Type.Object({
  ...serviceConfig,
  ...issuerEndpoints,
  PROCESSOR_TIMEOUT_MS: Type.Integer({
    minimum: 10,
    maximum: 10_000,
    default: 2000,
    description: 'how long the card processor may take to answer: milliseconds, 10 to 10000',
  }),
  CART_URL: baseUrl('the http(s) URL of cart-service'),
  CART_TIMEOUT_MS: Type.Integer({
    minimum: 10,
    maximum: 10_000,
    default: 2000,
    description: 'how long cart-service may take to answer: milliseconds, 10 to 10000',
  }),
  STEP_UP_AMOUNT: Type.Integer({
    minimum: 0,
    maximum: 100_000_000_000,
    default: 50_000,
    description: 'minor units of any currency; a larger payment requires a recent sign-in',
  }),
  STEP_UP_MAX_AGE_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    default: 300,
    description: 'how recent that sign-in has to be: seconds, 1 to 86400',
  }),
  REVOCATION_MAX_LAG_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3600,
    default: 10,
    description: 'how old the revocation list may be when money moves: seconds, 1 to 3600',
  }),
  FINGERPRINT_KEY: Type.String({
    pattern: '^[A-Za-z0-9_-]{43,}$',
    description: 'at least 32 random bytes in base64url; it keys the fingerprints of requests',
  }),
});

export type Config = Static<typeof configSchema>;

/**
 * Reads the settings of payment-service.
 *
 * FINGERPRINT_KEY has no default: without a secret, somebody who reads the database and guesses a weak Idempotency-Key
 * could search for the card number behind a fingerprint.
 *
 * @throws {ConfigError} naming every faulty setting at once
 * @example const config = readConfig(process.env);
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  return loadConfig(configSchema, env);
}
