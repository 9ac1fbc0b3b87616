import { config } from '../config.ts';
import { recordRequests } from './record-requests.ts';
import { createTraceIds } from './trace-ids.ts';
import { trafficStore } from './traffic-store.ts';

/** Names the requests of this page load. */
export const traceIds = createTraceIds();

// As a method of window: called otherwise it throws.
const fetch: typeof globalThis.fetch = (...args) => globalThis.fetch(...args);

/**
 * The page's fetch. In the demo it adds `traceparent` and writes request and answer down in the traffic store; elsewhere
 * nobody would look at them.
 */
export const recordedFetch = config.demo
  ? recordRequests({ fetch, ids: traceIds, store: trafficStore })
  : fetch;
