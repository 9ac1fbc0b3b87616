import type { FastifyRequest } from 'fastify';
import type { Origin } from './audit-event.ts';

/**
 * The origin of a request for the audit log. `address` is the peer's, or the client's as reported by a trusted proxy.
 */
export function requestOrigin(request: FastifyRequest): Required<Origin> & { address: string } {
  return { address: request.ip, requestId: request.id, traceId: request.traceparent.traceId };
}
