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
