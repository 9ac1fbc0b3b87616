import { milliseconds, plain, type Source, type Span } from '@latchkey/service-kit/otlp';

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
  /** Spans that were received but not kept, because the trace had too many. */
  readonly left_out: number;
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly failed: boolean;
  readonly status: number | undefined;
};

export type TraceFilter = { readonly service?: string; readonly failed?: boolean; readonly text?: string };

type Trace = { readonly id: string; readonly spans: ShownSpan[]; leftOut: number };

const maxSpansOfOne = 500;

/**
 * The newest traces, in memory. Those that cross services or failed have as much room as all others together, so that a
 * flood of plain requests does not displace them.
 */
export function createTraces({ mostTraces = 2000, mostSpans = 20_000 } = {}) {
  const plainOnes = new Map<string, Trace>();
  const telling = new Map<string, Trace>();
  let spanCount = 0;

  const find = (id: string) => telling.get(id) ?? plainOnes.get(id);

  function forgetOldest(): void {
    const group = plainOnes.size >= telling.size ? plainOnes : telling;
    for (const { id, spans } of group.values()) {
      group.delete(id);
      spanCount -= spans.length;
      return;
    }
  }

  return {
    add(source: Source, span: Span): void {
      const trace = find(span.traceId) ?? { id: span.traceId, spans: [], leftOut: 0 };
      if (trace.spans.length >= maxSpansOfOne) {
        trace.leftOut += 1;
        return;
      }
      trace.spans.push(shownOf(source, span));
      spanCount += 1;
      const isTelling = trace.spans.some(
        ({ service, failed }) => failed || service !== trace.spans[0]?.service,
      );
      if (isTelling) plainOnes.delete(trace.id);
      (isTelling ? telling : plainOnes).set(trace.id, trace);
      while (plainOnes.size + telling.size > mostTraces || spanCount > mostSpans) forgetOldest();
    },

    /** Newest first. */
    list(limit: number, filter: TraceFilter = {}): TraceSummary[] {
      return [...plainOnes.values(), ...telling.values()]
        .map(summaryOf)
        .filter((summary) => matches(summary, filter))
        .sort((a, b) => b.start_ms - a.start_ms)
        .slice(0, limit);
    },

    /** In the order in which they began. */
    spansOf(id: string): ShownSpan[] {
      return (find(id)?.spans ?? []).toSorted((a, b) => a.start_ms - b.start_ms);
    },
  };
}

function matches(summary: TraceSummary, { service, failed, text = '' }: TraceFilter): boolean {
  if (service && !summary.services.includes(service)) return false;
  if (failed && !summary.failed) return false;
  return `${summary.id} ${summary.name} ${summary.status ?? ''}`.toLowerCase().includes(text.toLowerCase());
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

function summaryOf({ id, spans, leftOut }: Trace): TraceSummary {
  const inOrder = spans.toSorted((a, b) => a.start_ms - b.start_ms);
  const start = inOrder[0]?.start_ms ?? 0;
  const end = Math.max(...spans.map(({ start_ms, duration_ms }) => start_ms + duration_ms));
  const ids = new Set(spans.map((span) => span.id));
  const first = inOrder.find(({ parent }) => parent === undefined || !ids.has(parent));
  const status = first?.attributes['http.response.status_code'];
  return {
    id,
    name: first?.name ?? '',
    // In the order in which the request reached them.
    services: [...new Set(inOrder.map(({ service }) => service))],
    spans: spans.length,
    left_out: leftOut,
    start_ms: start,
    duration_ms: end - start,
    failed: spans.some(({ failed }) => failed),
    status: typeof status === 'number' ? status : undefined,
  };
}
