import { recordRequests } from './record-requests.ts';
import { createTraceIds } from './trace-ids.ts';
import { trafficStore } from './traffic-store.ts';

/** Names the requests of this page load. */
export const traceIds = createTraceIds();

/** The page's fetch: adds `traceparent` and writes request and answer down in the traffic store. */
export const recordedFetch = recordRequests({
  // As a method of window: called otherwise it throws.
  fetch: (...args) => globalThis.fetch(...args),
  ids: traceIds,
  store: trafficStore,
});
