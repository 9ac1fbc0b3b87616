import { baseUrl, issuerEndpoints, loadConfig, serviceConfig } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';

export const configSchema = Type.Object({
  ...serviceConfig,
  ...issuerEndpoints,
  CART_URL: baseUrl('the http(s) URL of cart-service'),
  CART_TIMEOUT_MS: Type.Integer({
    minimum: 10,
    maximum: 10_000,
    default: 2000,
    description: 'how long cart-service may take to answer: milliseconds, 10 to 10000',
  }),
});

export type Config = Static<typeof configSchema>;

/**
 * Reads the settings of wishlist-service.
 *
 * @throws {ConfigError} naming every faulty setting at once
 * @example const config = readConfig(process.env);
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  return loadConfig(configSchema, env);
}
