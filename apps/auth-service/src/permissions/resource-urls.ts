import { resourceServers } from './resource-servers.ts';

/** By the URL by which clients call a service: its audience. */
export type ResourceUrls = ReadonlyMap<string, string>;

/**
 * Reads the setting RESOURCE_URLS: `name=origin,name=origin`. By these URLs clients name a service in resource indicators
 * (RFC 8707), as they find them in its metadata (RFC 9728).
 *
 * @throws Error that names the fault
 * @example
 * parseResourceUrls(['cart-service=https://cart.example']);
 */
export function parseResourceUrls(entries: readonly string[]): ResourceUrls {
  const urls = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const split = entry.indexOf('=');
    const [name, url] = [entry.slice(0, Math.max(split, 0)), entry.slice(split + 1)];
    if (!resourceServers.some(({ audience }) => audience === name && audience !== 'auth-service'))
      throw new Error(`entry ${index + 1} names no service that people have scopes at`);
    if (!URL.canParse(url) || new URL(url).origin !== url || !/^https?:/.test(url))
      throw new Error(`entry ${index + 1} has no origin: scheme://host[:port], no path`);
    if (urls.has(url)) throw new Error(`entry ${index + 1} repeats a URL`);
    urls.set(url, name);
  }
  return urls;
}

/** A service that a token is for, and for nothing else. */
export type Target = {
  readonly audience: string;
  readonly scopes: readonly string[];
  /** Scopes of other services that it may pass on. */
  readonly passesOn: readonly string[];
};

/**
 * The service that a resource indicator names, with or without the slash at the end of an origin; undefined when there is
 * none.
 */
export function targetOf(resource: string, urls: ResourceUrls): Target | undefined {
  const audience = urls.get(resource.replace(/\/$/, ''));
  return resourceServers.find((server) => server.audience === audience);
}
