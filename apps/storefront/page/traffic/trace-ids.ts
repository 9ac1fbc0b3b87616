/** Names of one request, as the services see them (W3C Trace Context). */
export type TraceIds = {
  /** 32 hex digits; the first 16 are this page load's. */
  readonly traceId: string;
  /** 16 hex digits: the page's own part in the trace, which is the parent of the service's. */
  readonly spanId: string;
  /** What is sent as `traceparent`. */
  readonly traceparent: string;
};

/**
 * Names requests so that the spans of this page load can be told from everybody else's: all of its trace ids begin with
 * the same 16 digits.
 *
 * @example
 * const ids = createTraceIds();
 * ids.prefix; // '4bf92f3577b34da6'
 * ids.next().traceparent; // '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
 */
export function createTraceIds(randomDigits: () => string = randomHexDigits): {
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

/** 16 random hex digits, never all zero, which W3C Trace Context §3.2.2 forbids. */
function randomHexDigits(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  bytes[0] ||= 1;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
