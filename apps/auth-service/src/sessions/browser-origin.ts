import { ProblemError } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import type { Client } from '../clients/clients.ts';

/**
 * Lets a browser client in from its own origins only (RFC 6454): a browser sends the Origin header with every POST, and
 * no page can forge it. Without this, another site could spend a cookie that the browser attaches by itself.
 *
 * Throws ProblemError 403 `origin_not_allowed`.
 */
export function checkBrowserOrigin(request: FastifyRequest, client: Client): void {
  if (client.kind !== 'browser') return;
  const { origin } = request.headers;
  if (origin !== undefined && client.origins.includes(origin)) return;
  throw new ProblemError({
    status: 403,
    code: 'origin_not_allowed',
    detail: 'This client may be used from its own pages only.',
  });
}

/**
 * Refuses a browser whose page is on another site than we are: it would drop the SameSite=Strict cookie (RFC 6265bis
 * §5.2), and the session would be lost with the first refresh.
 *
 * Does not notice it where the browser does not say so (Sec-Fetch-Site): an older one, or one that came over plain HTTP
 * from anywhere but localhost.
 *
 * Throws ProblemError 403 `cross_site`.
 */
export function refuseCrossSite(request: FastifyRequest, client: Client): void {
  if (client.kind !== 'browser' || !isCrossSite(request)) return;
  throw new ProblemError({
    status: 403,
    code: 'cross_site',
    detail:
      'The page and auth-service are on different sites, so the browser would not keep the session’s cookie. Serve both ' +
      'with the same scheme from one registrable domain, such as app.example.com and auth.example.com, or both from ' +
      'localhost: 127.0.0.1 is another site.',
  });
}

/** As the browser reckons it, by the list of public suffixes (Fetch Metadata, Sec-Fetch-Site). */
export function isCrossSite({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site';
}
