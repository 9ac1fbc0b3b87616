import type { PageAnswer, PageRequest } from '../../../page/traffic/traffic.ts';
import type { ShownSpan } from '../../../src/demo/api.ts';

/** A request of the page, to build others from. */
export function pageRequest(changes: Partial<PageRequest> = {}): PageRequest {
  return {
    traceId: 'aaaaaaaaaaaaaaaa0000000000000001',
    spanId: '00000000000000a1',
    purpose: 'person',
    method: 'GET',
    url: 'http://localhost:4001/cart',
    headers: {},
    token: 'header.claims.signature',
    proof: null,
    body: null,
    startMs: 1000,
    ...changes,
  };
}

export function pageAnswer(status: number, changes: Partial<PageAnswer> = {}): PageAnswer {
  return { status, headers: {}, durationMs: 5, problem: null, ...changes };
}

/** A request that a service served, to build others from. */
export function shownSpan(changes: Partial<ShownSpan> = {}): ShownSpan {
  return {
    trace_id: 'aaaaaaaaaaaaaaaa0000000000000001',
    span_id: '00000000000000b1',
    parent_span_id: '00000000000000a1',
    service: 'cart-service',
    kind: 'server',
    name: 'GET /cart',
    start_ms: 1001,
    duration_ms: 3,
    status: 200,
    attributes: {},
    ...changes,
  };
}

export const services = {
  auth: 'http://localhost:4000',
  cart: 'http://localhost:4001',
  wishlist: 'http://localhost:4002',
  payment: 'http://localhost:4003',
};
