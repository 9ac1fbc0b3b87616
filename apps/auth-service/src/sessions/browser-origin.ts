import { ProblemError } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import type { Client } from '../clients/clients.ts';

/**
 * Accepts a browser client from its own origins only (RFC 6454). A browser sends the Origin header with every POST, and
 * no page can forge it. Without this check, another site could use the cookie that the browser attaches by itself.
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
 * Refuses a browser whose page is on a different site than auth-service. Such a browser drops the SameSite=Strict
 * cookie (RFC 6265bis §5.2), so the session would be lost at the first refresh.
 *
 * Does not detect this without a Sec-Fetch-Site header: older browsers, and plain HTTP except to localhost.
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

/** The browser decides this by the public suffix list (Fetch Metadata, Sec-Fetch-Site). */
export function isCrossSite({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site';
}
