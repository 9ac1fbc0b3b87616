import type { FastifyRequest } from 'fastify';
import type { Origin } from './audit-event.ts';

/** What the audit log wants to know of a request. `address` is the peer's, or what a trusted proxy says it is. */
export function requestOrigin(request: FastifyRequest): Required<Origin> & { address: string } {
  return { address: request.ip, requestId: request.id, traceId: request.traceparent.traceId };
}
