import type { ShownSpan } from '../../../src/demo/api.ts';
import { shownPath } from '../../traffic/shown-path.ts';
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
    name: `${request.method} ${shownPath(new URL(request.url).pathname)}`,
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
  const rowsBelow = (id: string, depth: number): TimelineRow[] => {
    const told = (children.get(id) ?? []).filter((span, _, all) => !isToldByCallee(span, all));
    return runsOf(told).flatMap((run) => [
      rowOf(run, { depth, startMs: request.startMs }),
      ...run.flatMap((span) => rowsBelow(span.span_id, depth + 1)),
    ]);
  };
  return [own, ...rowsBelow(request.spanId, 1)];
}

/** A run of questions to the same store is one line: a transaction alone is half a dozen of them. */
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

/** A call that was answered stands there twice: as its caller saw it, and as the service did that was called. */
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
