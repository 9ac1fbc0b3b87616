import type { ShownSpan } from '../../src/demo/api.ts';
import type { PageAnswer, PageRequest, Problem, Purpose, Traffic, TrafficEntry } from './traffic.ts';

/** The maximum number of traces. Older ones are dropped. */
export const maxEntries = 200;
/** The maximum number of traces of generated requests, so that they do not push out those of a person. */
export const keptOf = { load: 50, probe: 20, background: 50 } as const satisfies Partial<
  Record<Purpose, number>
>;
/** The maximum number of spans of a trace that is drawn. */
export const maxSpansOfTrace = 120;

/** Adds a request that was sent. */
export function withRequest({ entries }: Traffic, request: PageRequest): Traffic {
  const entry: TrafficEntry = { request, answer: null, spans: [] };
  const all = [...entries, entry];
  return { entries: all.length > maxEntries ? all.toSpliced(indexOfNextToLeave(all), 1) : all };
}

function indexOfNextToLeave(entries: readonly TrafficEntry[]): number {
  for (const purpose of ['load', 'probe', 'background'] as const) {
    const some = entries.filter(({ request }) => request.purpose === purpose);
    const [oldest] = some;
    if (oldest !== undefined && some.length > keptOf[purpose]) return entries.indexOf(oldest);
  }
  return 0;
}

/** Adds a request's answer, or that there is none. */
export function withAnswer(traffic: Traffic, traceId: string, answer: PageAnswer): Traffic {
  return changed(traffic, traceId, (entry) => ({ ...entry, answer }));
}

/** Adds the problem in an answer's body, which is read later than its status. */
export function withProblem(traffic: Traffic, traceId: string, problem: Problem): Traffic {
  return changed(traffic, traceId, (entry) =>
    entry.answer === null ? entry : { ...entry, answer: { ...entry.answer, problem } },
  );
}

/** Adds a service's span. Ignores a span of a trace that was dropped, or that this page did not begin. */
export function withSpan(traffic: Traffic, span: ShownSpan): Traffic {
  return changed(traffic, span.trace_id, (entry) => {
    // After a reconnect, the stream repeats the last minute.
    const isKnown = entry.spans.some(({ span_id: id }) => id === span.span_id);
    if (isKnown || entry.spans.length >= maxSpansOfTrace) return entry;
    return { ...entry, spans: [...entry.spans, span].toSorted((a, b) => a.start_ms - b.start_ms) };
  });
}

function changed(traffic: Traffic, traceId: string, change: (entry: TrafficEntry) => TrafficEntry): Traffic {
  // Searches from the end: it is nearly always one of the newest.
  const index = traffic.entries.findLastIndex(({ request }) => request.traceId === traceId);
  const entry = traffic.entries[index];
  if (entry === undefined) return traffic;
  const next = change(entry);
  return next === entry ? traffic : { entries: traffic.entries.with(index, next) };
}
