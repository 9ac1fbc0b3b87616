import { readFileSync } from 'node:fs';
import type { Client } from './provider.ts';

export type Settings = {
  readonly issuer: string;
  readonly host: string;
  readonly port: number;
  readonly clients: readonly Client[];
  readonly logLevel: string;
};

/**
 * Reads the settings from the environment. Does not check the clients beyond their form: the provider does.
 *
 * @throws Error with NODE_ENV=production, whatever else is set; and one that names every fault, without a value
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  if (env['NODE_ENV'] === 'production')
    throw new Error('Example ID does not start with NODE_ENV=production: its passwords are public.');
  const port = Number(env['PORT'] || 3002);
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
  const issuer = env['ISSUER'] || originAt(isPort ? port : 0);
  const faults: string[] = [];
  if (!isPort) faults.push('PORT is not valid (0 to 65535)');
  if (!URL.canParse(issuer) || !/^https?:/.test(issuer) || new URL(issuer).origin !== issuer)
    faults.push('ISSUER is not valid (an origin, without a slash at its end)');
  const clients = clientsIn(env);
  if (clients === undefined)
    faults.push('CLIENTS, or the file that CLIENTS_FILE names, is not valid (a JSON list of clients)');
  if (clients === undefined || faults.length > 0)
    throw new Error(`the settings are not valid:\n  - ${faults.join('\n  - ')}`);
  return { issuer, host: env['HOST'] || '127.0.0.1', port, clients, logLevel: env['LOG_LEVEL'] || 'info' };
}

/** A port of this machine, written as browsers write it: without the port of http. */
export function originAt(port: number): string {
  return new URL(`http://localhost:${port}`).origin;
}

function clientsIn(env: Readonly<Record<string, string | undefined>>): Client[] | undefined {
  const file = env['CLIENTS_FILE'];
  try {
    const clients: unknown = JSON.parse(file ? readFileSync(file, 'utf8') : env['CLIENTS'] || '[]');
    return Array.isArray(clients) ? clients : undefined;
  } catch {
    return undefined;
  }
}
