import { faultOfUrl } from '@latchkey/service-kit';
import type { ServiceJwksUris } from './clients.ts';

const namePattern = /^[a-z][a-z0-9-]{0,63}$/;

/**
 * Reads the setting SERVICE_JWKS_URIS: `name=url,name=url`, the services that may authenticate and the URL of each
 * one's public keys. An attacker who can change an answer from such a URL can act as that service, so use https or a
 * trusted network.
 *
 * Does not fetch anything.
 *
 * @throws Error that names the fault
 * @example
 * parseServiceJwksUris(['payment-service=http://127.0.0.1:4003/.well-known/jwks.json']);
 */
export function parseServiceJwksUris(entries: readonly string[]): ServiceJwksUris {
  const uris = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const split = entry.indexOf('=');
    const [name, uri] = [entry.slice(0, split), entry.slice(split + 1)];
    if (split < 1 || !namePattern.test(name))
      throw new Error(`entry ${index + 1} is not of the form name=url`);
    const fault = faultOfUrl(uri, 'endpoint');
    if (fault !== undefined)
      throw new Error(`entry ${index + 1} is not of the form name=url: of the URL, ${fault}`);
    if (uris.has(name)) throw new Error(`${name} appears twice`);
    uris.set(name, uri);
  }
  return uris;
}
