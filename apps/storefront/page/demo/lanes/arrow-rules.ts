import { partner, type ShownSpan, tokenAttributes } from '../../../src/demo/api.ts';
import type { PageConfig } from '../../../src/page-config.ts';
import { shownPath } from '../../traffic/shown-path.ts';
import type { Purpose, TrafficEntry } from '../../traffic/traffic.ts';
import { type Lane, laneOfService, laneOfUrl, type Origin } from './lanes.ts';
import { type Verdict, verdictOf } from './verdicts.ts';

/** One request from one lane to another. */
export type Arrow = {
  readonly key: string;
  readonly traceId: string;
  /** Null for the page's own request. */
  readonly span: ShownSpan | null;
  readonly purpose: Purpose;
  readonly from: Origin;
  readonly to: Origin;
  /** E.g. `GET /cart`. */
  readonly name: string;
  /** HTTP status; 0: no answer; null: not yet. */
  readonly status: number | null;
  readonly verdict: Verdict;
  readonly durationMs: number | null;
  readonly startMs: number;
  /** The services that act for the person, outermost first; empty when the person acts. */
  readonly actors: readonly string[];
};

/** The page's request, then the services' requests that follow from it, in the order of their start. */
export function arrowsOf(entry: TrafficEntry, services: PageConfig['services']): readonly Arrow[] {
  if (entry.request.visit !== undefined) return visitArrows(entry);
  const own = ownArrow(entry, services);
  const asked = own?.to ?? 'demo';
  const hops = entry.spans.flatMap((span) => hopArrow(span, { entry, asked, services }) ?? []);
  return own === null ? hops : [own, ...hops];
}

/** Whether the demo's server sent this request, for a panel. */
export function isByDemo({ from }: Arrow): boolean {
  return from === 'demo';
}

function ownArrow({ request, answer }: TrafficEntry, services: PageConfig['services']): Arrow | null {
  const to = laneOfUrl(request.url, services);
  if (to === null) return null;
  const status = answer?.status ?? null;
  return {
    key: request.traceId,
    traceId: request.traceId,
    span: null,
    purpose: request.purpose,
    from: 'page',
    to,
    name: `${request.method} ${shownPath(new URL(request.url).pathname)}`,
    status,
    verdict: verdictOf(status, answer?.problem?.code),
    durationMs: answer?.durationMs ?? null,
    startMs: request.startMs,
    actors: [],
  };
}

/** The browser leaves and comes back. The page sees nothing between. */
function visitArrows({ request, answer }: TrafficEntry): readonly Arrow[] {
  const { traceId, purpose, url, startMs, visit } = request;
  const place = visit?.provider == null ? 'auth' : 'provider';
  const durationMs = answer?.durationMs ?? 0;
  const shared = { traceId, purpose, span: null, actors: [], verdict: 'passed' } as const;
  const there = { from: 'page', to: place, name: `GET ${new URL(url).pathname}`, status: 303 } as const;
  const back = { from: place, to: 'page', name: `GET ${visit?.back}`, status: 200 } as const;
  return [
    { ...shared, ...there, key: traceId, durationMs, startMs },
    { ...shared, ...back, key: `${traceId}/back`, durationMs: null, startMs: startMs + durationMs },
  ];
}

type ArrowContext = {
  readonly entry: TrafficEntry;
  /** The lane that the page called. */
  readonly asked: Origin;
  readonly services: PageConfig['services'];
};

function hopArrow(span: ShownSpan, { entry, asked, services }: ArrowContext): Arrow | null {
  const { request, spans } = entry;
  // The called service's span of the page's own request.
  if (span.parent_span_id === request.spanId) return null;
  const by = laneOfService(span.service);
  if (by === null) return null;
  const ends =
    span.kind === 'server'
      ? { from: callerOf(span, spans) ?? (isByPartner(span, spans) ? 'partner' : asked), to: by }
      : { from: by, to: unansweredAt(span, services) };
  if (ends.to === null || ends.from === ends.to) return null;
  const status = span.kind === 'server' ? span.status : 0;
  const { [tokenAttributes.refusedBy]: refusedBy, 'error.type': code } = span.attributes;
  return {
    key: `${request.traceId}/${span.span_id}`,
    traceId: request.traceId,
    span,
    purpose: request.purpose,
    from: ends.from,
    to: ends.to,
    name: span.name,
    status,
    verdict: verdictOf(status, refusedBy ?? code),
    durationMs: span.duration_ms,
    startMs: span.start_ms,
    actors: actorsOf(span),
  };
}

/** The caller's lane. Null until that service reports its own span, which ends later. */
function callerOf(span: ShownSpan, spans: readonly ShownSpan[]): Lane | null {
  const parent = spans.find(({ span_id: id }) => id === span.parent_span_id);
  return parent === undefined ? null : laneOfService(parent.service);
}

/**
 * Whether gift-ideas asked, which reports nothing itself. A refused token names no client. So this goes by its other
 * request, which follows from the same one of the person.
 */
function isByPartner({ parent_span_id: parent }: ShownSpan, spans: readonly ShownSpan[]): boolean {
  return spans.some(
    ({ parent_span_id: id, attributes }) => id === parent && attributes[tokenAttributes.client] === partner,
  );
}

/**
 * The callee of a call without an answer: only the caller reports it. An answered call is taken from the callee's span.
 */
function unansweredAt(span: ShownSpan, services: PageConfig['services']): Lane | null {
  const address = span.attributes['server.address'];
  return span.status === null && typeof address === 'string' ? laneOfUrl(address, services) : null;
}

/** The services that act for the person in a span's token, outermost first. */
export function actorsOf({ attributes }: ShownSpan): readonly string[] {
  const actors = attributes[tokenAttributes.actors];
  return typeof actors === 'string' && actors !== '' ? actors.split(' ') : [];
}
