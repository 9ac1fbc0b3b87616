import type { IncomingMessage } from 'node:http';

const schemeAndAuthority = /^https?:\/\/[^/?#]*/i;

/**
 * Makes the URL that routes and hooks see, for fastify's `rewriteUrl`: a path with its query. A target in absolute form
 * loses its scheme and host (RFC 9112 §3.2.2), and a path below the base path the base path.
 */
export function targetBelow(basePath: string): (request: IncomingMessage) => string {
  const base = basePath.replace(/\/$/, '');
  return (request) => {
    const target = originForm(request);
    return target.startsWith(`${base}/`) ? target.slice(base.length) : target;
  };
}

function originForm({ method, url = '/' }: IncomingMessage): string {
  if (!schemeAndAuthority.test(url)) return url;
  const rest = url.replace(schemeAndAuthority, '');
  // RFC 9112 §3.2.4: without a path, OPTIONS asks about the server as a whole.
  if (rest === '' && method === 'OPTIONS') return '*';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
