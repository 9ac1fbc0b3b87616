import { issuerEndpoints, loadConfig, serviceConfig } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';

export const configSchema = Type.Object({ ...serviceConfig, ...issuerEndpoints });

export type Config = Static<typeof configSchema>;

/**
 * Reads the settings of sample-service.
 *
 * @throws {ConfigError} naming every faulty setting at once
 * @example const config = readConfig(process.env);
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  return loadConfig(configSchema, env);
}
