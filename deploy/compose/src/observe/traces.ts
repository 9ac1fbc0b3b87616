import { milliseconds, plain, type Source, type Span } from './otlp.ts';

export type ShownSpan = {
  readonly id: string;
  readonly parent: string | undefined;
  readonly service: string;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

export type TraceSummary = {
  readonly id: string;
  readonly name: string;
  readonly services: readonly string[];
  readonly spans: number;
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly failed: boolean;
  readonly status: number | undefined;
};

const mostSpansOfOne = 500;

/** The newest traces, in memory: the oldest goes when one too many comes. */
export function createTraces(most = 500) {
  const traces = new Map<string, ShownSpan[]>();

  return {
    add(source: Source, span: Span): void {
      const known = traces.get(span.traceId);
      const spans = known ?? [];
      if (known === undefined) traces.set(span.traceId, spans);
      if (spans.length < mostSpansOfOne) spans.push(shownOf(source, span));
      for (const id of traces.keys()) {
        if (traces.size <= most) break;
        traces.delete(id);
      }
    },

    /** Newest first. */
    list(limit: number): TraceSummary[] {
      return [...traces]
        .map(([id, spans]) => summaryOf(id, spans))
        .sort((a, b) => b.start_ms - a.start_ms)
        .slice(0, limit);
    },

    /** In the order of their beginning. */
    spansOf(id: string): ShownSpan[] {
      return (traces.get(id) ?? []).toSorted((a, b) => a.start_ms - b.start_ms);
    },
  };
}

function shownOf({ service }: Source, span: Span): ShownSpan {
  const start = milliseconds(span.startTimeUnixNano);
  return {
    id: span.spanId,
    parent: span.parentSpanId || undefined,
    service,
    name: span.name ?? '',
    kind: span.kind === 2 ? 'server' : span.kind === 3 ? 'client' : 'internal',
    start_ms: start,
    duration_ms: milliseconds(span.endTimeUnixNano) - start,
    failed: span.status?.code === 2,
    attributes: plain(span.attributes),
  };
}

function summaryOf(id: string, spans: readonly ShownSpan[]): TraceSummary {
  const start = Math.min(...spans.map(({ start_ms }) => start_ms));
  const end = Math.max(...spans.map(({ start_ms, duration_ms }) => start_ms + duration_ms));
  const ids = new Set(spans.map((span) => span.id));
  const isRoot = ({ parent }: ShownSpan) => parent === undefined || !ids.has(parent);
  const first = spans.toSorted((a, b) => a.start_ms - b.start_ms).find(isRoot);
  const status = first?.attributes['http.response.status_code'];
  return {
    id,
    name: first?.name ?? '',
    services: [...new Set(spans.map(({ service }) => service))],
    spans: spans.length,
    start_ms: start,
    duration_ms: end - start,
    failed: spans.some(({ failed }) => failed),
    status: typeof status === 'number' ? status : undefined,
  };
}
