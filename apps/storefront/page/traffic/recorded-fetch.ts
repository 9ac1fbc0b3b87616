import { config } from '../config.ts';
import { recordRequests } from './record-requests.ts';
import { createTraceIds } from './trace-ids.ts';
import { trafficStore } from './traffic-store.ts';

/** The trace ids of this page load. */
export const traceIds = createTraceIds();

// fetch throws unless it is called as a method of window.
const fetch: typeof globalThis.fetch = (...args) => globalThis.fetch(...args);

/**
 * The page's fetch. In the demo it adds `traceparent` and records request and answer in the traffic store. Elsewhere it
 * is the plain fetch.
 */
export const recordedFetch = config.demo
  ? recordRequests({ fetch, ids: traceIds, store: trafficStore })
  : fetch;
