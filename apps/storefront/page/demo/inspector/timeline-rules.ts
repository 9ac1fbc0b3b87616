import type { ShownSpan } from '../../../src/demo/api.ts';
import type { TrafficEntry } from '../../traffic/traffic.ts';

/** A line of the timeline: who was busy with what, from when and how long. */
export type TimelineRow = {
  readonly id: string;
  /** `page`, or service.name. */
  readonly who: string;
  readonly name: string;
  /** How many callers stand above it. */
  readonly depth: number;
  /** From the page's request on, in milliseconds. */
  readonly offsetMs: number;
  readonly durationMs: number;
  readonly status: number | null;
};

/** The hops of a trace as a tree, written down line by line, each below its caller. */
export function timelineOf({ request, answer, spans }: TrafficEntry): readonly TimelineRow[] {
  const own: TimelineRow = {
    id: request.spanId,
    who: 'page',
    name: `${request.method} ${new URL(request.url).pathname}`,
    depth: 0,
    offsetMs: 0,
    durationMs: answer?.durationMs ?? 0,
    status: answer?.status ?? null,
  };
  const known = new Set([request.spanId, ...spans.map(({ span_id: id }) => id)]);
  const children = Map.groupBy(spans, ({ parent_span_id: parent }) =>
    // A caller that has not reported yet must not make its callees vanish.
    parent !== null && known.has(parent) ? parent : request.spanId,
  );
  const rowsBelow = (id: string, depth: number): TimelineRow[] =>
    (children.get(id) ?? []).flatMap((span) => [
      rowOf(span, { depth, startMs: request.startMs }),
      ...rowsBelow(span.span_id, depth + 1),
    ]);
  return [own, ...rowsBelow(request.spanId, 1)];
}

function rowOf(span: ShownSpan, { depth, startMs }: { depth: number; startMs: number }): TimelineRow {
  return {
    id: span.span_id,
    who: span.service,
    name: nameOf(span),
    depth,
    // Clocks of browser and services differ by fractions of a millisecond.
    offsetMs: Math.max(0, span.start_ms - startMs),
    durationMs: span.duration_ms,
    status: span.status,
  };
}

function nameOf({ kind, name, attributes }: ShownSpan): string {
  const path = attributes['url.path'];
  return kind === 'client' && typeof path === 'string' ? `${name} ${path}` : name;
}
