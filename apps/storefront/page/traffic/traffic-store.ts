import type { ShownSpan } from '../../src/demo/api.ts';
import { noTraffic, type PageAnswer, type PageRequest, type Problem, type Traffic } from './traffic.ts';
import { withAnswer, withProblem, withRequest, withSpan } from './traffic-rules.ts';

export type TrafficStore = ReturnType<typeof createTrafficStore>;

/** Spans come in bursts. One render per burst is enough. */
const tellAfterMs = 50;

/**
 * Keeps the latest requests and spans in memory only, up to a limit, for useSyncExternalStore. The snapshot is always
 * current; subscribers are called a moment after a change.
 *
 * @example
 * const traffic = useSyncExternalStore(trafficStore.subscribe, trafficStore.snapshot);
 */
export function createTrafficStore() {
  let traffic: Traffic = noTraffic;
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function tell(): void {
    timer = undefined;
    for (const listener of listeners) listener();
  }

  function become(next: Traffic): void {
    if (next === traffic) return;
    traffic = next;
    if (timer === undefined) timer = setTimeout(tell, tellAfterMs);
  }

  return {
    snapshot: (): Traffic => traffic,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    began: (request: PageRequest): void => become(withRequest(traffic, request)),
    answered: (traceId: string, answer: PageAnswer): void => become(withAnswer(traffic, traceId, answer)),
    explained: (traceId: string, problem: Problem): void => become(withProblem(traffic, traceId, problem)),
    reported: (span: ShownSpan): void => become(withSpan(traffic, span)),
    clear: (): void => become(noTraffic),
  };
}

/** This page's store. */
export const trafficStore = createTrafficStore();
