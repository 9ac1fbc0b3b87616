import { config } from '../config.ts';
import { traceIds } from './recorded-fetch.ts';
import { trafficStore } from './traffic-store.ts';
import { endVisit, withoutOutcome } from './visit.ts';

/** The visit from which the person came back when the page was loaded; null when they came by another way. */
export const endedVisit = endVisit(location.href);

const clean = withoutOutcome(location.href);
if (clean !== location.href) history.replaceState(history.state, '', clean);

if (config.demo && endedVisit !== null) {
  const { url, startMs, provider, back } = endedVisit;
  const { traceId, spanId } = traceIds.next();
  trafficStore.began({
    ...{ traceId, spanId, purpose: 'person', method: 'GET', url, startMs },
    ...{ headers: {}, token: null, proof: null, body: null, visit: { provider, back } },
  });
  // A page does not see the redirects that led the browser back.
  const durationMs = Date.now() - startMs;
  trafficStore.answered(traceId, { status: 303, headers: {}, durationMs, problem: null });
}
