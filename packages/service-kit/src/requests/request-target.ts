import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { ConfigError } from '../settings/config.ts';
import { isDecodable } from '../settings/setting-url.ts';
import { matches } from './allowed-methods.ts';
import { isPreflight } from './cors.ts';

export type BasePath = {
  readonly path: string;
  /** The setting that it comes from, which an error names. */
  readonly setting: string;
};

const schemeAndAuthority = /^https?:\/\/[^/?#]*/i;

/**
 * Makes the URL that routes and hooks see, for fastify's `rewriteUrl`: a path with its query. A target in absolute form
 * loses its scheme and host (RFC 9112 §3.2.2), and a path below the base path the base path. A preflight of a path that
 * cannot be decoded becomes one of `/`.
 */
export function targetBelow({ path }: BasePath): (request: IncomingMessage) => string {
  const base = path.replace(/\/$/, '');
  return (request) => {
    const target = originForm(request);
    // fastify runs no hook for such a path: the preflight would fail, and hide that the URL is malformed from the page.
    if (isPreflight(request) && !isDecodable(target.split('?', 1)[0] ?? '')) return '/';
    return target.startsWith(`${base}/`) ? target.slice(base.length) : target;
  };
}

/**
 * Refuses, when the app gets ready, a base path with which a route begins: behind a proxy that strips the base path,
 * that route would lose the same segments again. Add it before the first route.
 */
export function refuseHiddenRoutes(app: FastifyInstance, { path, setting }: BasePath): void {
  const base = path.replace(/\/$/, '').split('/');
  if (base.length === 1) return;
  const routes: string[] = [];
  app.addHook('onRoute', ({ url }) => void routes.push(url));
  app.addHook('onReady', async () => {
    const hidden = routes.find((route) => isBelow(route.split('/'), base));
    if (hidden === undefined) return;
    throw new ConfigError([
      `${setting} is not valid: the route ${hidden} begins with its path, and could not be reached behind a proxy that strips the path: take another path`,
    ]);
  });
}

function isBelow(route: string[], base: string[]): boolean {
  return route.length > base.length && matches(route.slice(0, base.length), base);
}

function originForm({ method, url = '/' }: IncomingMessage): string {
  if (!schemeAndAuthority.test(url)) return url;
  const rest = url.replace(schemeAndAuthority, '');
  // RFC 9112 §3.2.4: without a path, OPTIONS asks about the server as a whole.
  if (rest === '' && method === 'OPTIONS') return '*';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
