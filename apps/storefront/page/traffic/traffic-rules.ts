import type { ShownSpan } from '../../src/demo/api.ts';
import type { PageAnswer, PageRequest, Problem, Purpose, Traffic, TrafficEntry } from './traffic.ts';

/** Older traces leave when there are more. */
export const mostEntries = 200;
/** Of what nobody did by hand, what goes beyond this leaves first, or it would push out what people did. */
export const keptOf = { load: 50, probe: 20, background: 50 } as const satisfies Partial<
  Record<Purpose, number>
>;
/** A trace with more spans than this is not drawn in full. */
export const mostSpansOfTrace = 120;

/** A request sets out. */
export function withRequest({ entries }: Traffic, request: PageRequest): Traffic {
  const entry: TrafficEntry = { request, answer: null, spans: [] };
  const all = [...entries, entry];
  return { entries: all.length > mostEntries ? all.toSpliced(indexOfNextToLeave(all), 1) : all };
}

function indexOfNextToLeave(entries: readonly TrafficEntry[]): number {
  for (const purpose of ['load', 'probe', 'background'] as const) {
    const some = entries.filter(({ request }) => request.purpose === purpose);
    const [oldest] = some;
    if (oldest !== undefined && some.length > keptOf[purpose]) return entries.indexOf(oldest);
  }
  return 0;
}

/** Its answer is there, or will never be. */
export function withAnswer(traffic: Traffic, traceId: string, answer: PageAnswer): Traffic {
  return changed(traffic, traceId, (entry) => ({ ...entry, answer }));
}

/** What an answer's body said comes later than its status. */
export function withProblem(traffic: Traffic, traceId: string, problem: Problem): Traffic {
  return changed(traffic, traceId, (entry) =>
    entry.answer === null ? entry : { ...entry, answer: { ...entry.answer, problem } },
  );
}

/** A service reports its part. Of a trace that has left, or that the page did not begin, nothing is kept. */
export function withSpan(traffic: Traffic, span: ShownSpan): Traffic {
  return changed(traffic, span.trace_id, (entry) => {
    // The stream begins anew with the last minute whenever it was lost.
    const isKnown = entry.spans.some(({ span_id: id }) => id === span.span_id);
    if (isKnown || entry.spans.length >= mostSpansOfTrace) return entry;
    return { ...entry, spans: [...entry.spans, span].toSorted((a, b) => a.start_ms - b.start_ms) };
  });
}

function changed(traffic: Traffic, traceId: string, change: (entry: TrafficEntry) => TrafficEntry): Traffic {
  // From the end: it is nearly always one of the newest.
  const index = traffic.entries.findLastIndex(({ request }) => request.traceId === traceId);
  const entry = traffic.entries[index];
  if (entry === undefined) return traffic;
  const next = change(entry);
  return next === entry ? traffic : { entries: traffic.entries.with(index, next) };
}
