import { milliseconds, plain, type Source, type Span } from '@latchkey/service-kit/otlp';
import type { ShownSpan } from './api.ts';

const statusAttribute = 'http.response.status_code';
const kinds: Readonly<Record<number, ShownSpan['kind']>> = { 2: 'server', 3: 'client' };

/** Converts a span for the page; undefined for a span of a kind that the page does not show. */
export function shownSpanOf({ service }: Source, span: Span): ShownSpan | undefined {
  const kind = kinds[span.kind ?? 0];
  if (kind === undefined) return undefined;
  const start = milliseconds(span.startTimeUnixNano);
  const { [statusAttribute]: status, ...attributes } = plain(span.attributes);
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId || null,
    service,
    kind,
    name: span.name ?? '',
    start_ms: start,
    duration_ms: milliseconds(span.endTimeUnixNano) - start,
    status: typeof status === 'number' ? status : null,
    attributes,
  };
}
