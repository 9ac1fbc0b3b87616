import type { ShownSpan } from '../../../src/demo/api.ts';
import { shownPath } from '../../traffic/shown-path.ts';
import type { TrafficEntry } from '../../traffic/traffic.ts';

/** A line of the timeline: who did what, from when, and how long. */
export type TimelineRow = {
  readonly id: string;
  /** `page`, or service.name. */
  readonly who: string;
  readonly name: string;
  /** How many callers are above it. */
  readonly depth: number;
  /** Milliseconds since the page's request. */
  readonly offsetMs: number;
  readonly durationMs: number;
  readonly status: number | null;
};

/** The spans of a trace as lines, each below its caller. */
export function timelineOf({ request, answer, spans }: TrafficEntry): readonly TimelineRow[] {
  const own: TimelineRow = {
    id: request.spanId,
    who: 'page',
    name: `${request.method} ${shownPath(new URL(request.url).pathname)}`,
    depth: 0,
    offsetMs: 0,
    durationMs: answer?.durationMs ?? 0,
    status: answer?.status ?? null,
  };
  const known = new Set([request.spanId, ...spans.map(({ span_id: id }) => id)]);
  const children = Map.groupBy(spans, ({ parent_span_id: parent }) =>
    // Callees stay visible while their caller's span is missing.
    parent !== null && known.has(parent) ? parent : request.spanId,
  );
  const rowsBelow = (id: string, depth: number): TimelineRow[] => {
    const told = (children.get(id) ?? []).filter((span, _, all) => !isToldByCallee(span, all));
    return runsOf(told).flatMap((run) => [
      rowOf(run, { depth, startMs: request.startMs }),
      ...run.flatMap((span) => rowsBelow(span.span_id, depth + 1)),
    ]);
  };
  return [own, ...rowsBelow(request.spanId, 1)];
}

/** Merges consecutive calls to the same store into one line: one transaction alone is half a dozen of them. */
function runsOf(spans: readonly ShownSpan[]): readonly Run[] {
  const runs: Run[] = [];
  for (const span of spans) {
    const last = runs.at(-1);
    const store = storeOf(span);
    if (last !== undefined && store !== null && store === storeOf(last[0])) last.push(span);
    else runs.push([span]);
  }
  return runs;
}

type Run = [ShownSpan, ...ShownSpan[]];

function storeOf({ attributes }: ShownSpan): string | null {
  const store = attributes['db.system.name'];
  return typeof store === 'string' ? store : null;
}

/** Whether the callee reports this call, too. An answered call has two spans, the caller's and the callee's. */
function isToldByCallee(
  { kind, status, start_ms: start, duration_ms: duration }: ShownSpan,
  all: readonly ShownSpan[],
) {
  if (kind === 'server' || status === null) return false;
  return all.some((other) => {
    const isWithin = other.start_ms >= start - 2 && other.start_ms <= start + duration;
    return other.kind === 'server' && other.status === status && isWithin;
  });
}

function rowOf(run: Run, { depth, startMs }: { depth: number; startMs: number }): TimelineRow {
  const [first] = run;
  const endMs = Math.max(...run.map(({ start_ms: start, duration_ms: duration }) => start + duration));
  return {
    id: first.span_id,
    who: first.service,
    name: nameOf(run),
    depth,
    // Clocks of browser and services differ by fractions of a millisecond.
    offsetMs: Math.max(0, first.start_ms - startMs),
    durationMs: endMs - first.start_ms,
    status: first.status,
  };
}

function nameOf(run: Run): string {
  const [{ kind, name, attributes }] = run;
  if (run.length > 1) return `${storeOf(run[0])} ×${run.length}`;
  const path = attributes['url.path'];
  return kind === 'client' && typeof path === 'string' ? `${name} ${shownPath(path)}` : name;
}
