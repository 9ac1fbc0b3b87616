import { randomHex } from '../random-hex.ts';

/** The ids of one request in the services' traces (W3C Trace Context). */
export type TraceIds = {
  /** 32 hex digits. The first 16 are the same for this page load. */
  readonly traceId: string;
  /** 16 hex digits: the page's own span, which is the parent of the service's. */
  readonly spanId: string;
  /** The value of the `traceparent` header. */
  readonly traceparent: string;
};

/**
 * Creates trace ids. All ids of this page load begin with the same 16 digits, which tells its spans from all others.
 *
 * @example
 * const ids = createTraceIds();
 * ids.prefix; // '4bf92f3577b34da6'
 * ids.next().traceparent; // '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
 */
export function createTraceIds(randomDigits: () => string = sixteenDigits): {
  readonly prefix: string;
  next(): TraceIds;
} {
  const prefix = randomDigits();
  return {
    prefix,
    next() {
      const traceId = prefix + randomDigits();
      const spanId = randomDigits();
      // 01: the caller, this page, records the trace.
      return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
    },
  };
}

/** Never all zero, as W3C Trace Context §3.2.2 wants it. */
function sixteenDigits(): string {
  return randomHex(8);
}
