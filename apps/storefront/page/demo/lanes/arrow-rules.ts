import { type ShownSpan, tokenAttributes } from '../../../src/demo/api.ts';
import type { PageConfig } from '../../../src/page-config.ts';
import { shownPath } from '../../traffic/shown-path.ts';
import type { Purpose, TrafficEntry } from '../../traffic/traffic.ts';
import { type Lane, laneOfService, laneOfUrl, type Origin } from './lanes.ts';
import { type Verdict, verdictOf } from './verdicts.ts';

/** One request from one lane to another. */
export type Arrow = {
  readonly key: string;
  readonly traceId: string;
  /** Null for the page's own. */
  readonly span: ShownSpan | null;
  readonly purpose: Purpose;
  readonly from: Origin;
  readonly to: Lane;
  /** E.g. `GET /cart`. */
  readonly name: string;
  /** HTTP status; 0: no answer; null: on its way. */
  readonly status: number | null;
  readonly verdict: Verdict;
  readonly durationMs: number | null;
  readonly startMs: number;
  /** Who acts for the person, outermost first; none when the person asks. */
  readonly actors: readonly string[];
};

/** The page's request, and below it those that services made because of it, in the order in which they began. */
export function arrowsOf(entry: TrafficEntry, services: PageConfig['services']): readonly Arrow[] {
  const own = ownArrow(entry, services);
  const asked = own?.to ?? 'demo';
  const hops = entry.spans.flatMap((span) => hopArrow(span, { entry, asked, services }) ?? []);
  return own === null ? hops : [own, ...hops];
}

/** Whether the demo's server made this request, because of a panel. */
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
    verdict: verdictOf(status),
    durationMs: answer?.durationMs ?? null,
    startMs: request.startMs,
    actors: [],
  };
}

type Surroundings = {
  readonly entry: TrafficEntry;
  /** Whom the page asked. */
  readonly asked: Origin;
  readonly services: PageConfig['services'];
};

function hopArrow(span: ShownSpan, { entry, asked, services }: Surroundings): Arrow | null {
  const { request, spans } = entry;
  // How the service that the page asked saw the page's own request.
  if (span.parent_span_id === request.spanId) return null;
  const by = laneOfService(span.service);
  if (by === null) return null;
  const ends =
    span.kind === 'server'
      ? { from: callerOf(span, spans) ?? asked, to: by }
      : { from: by, to: unansweredAt(span, services) };
  if (ends.to === null || ends.from === ends.to) return null;
  const status = span.kind === 'server' ? span.status : 0;
  return {
    key: `${request.traceId}/${span.span_id}`,
    traceId: request.traceId,
    span,
    purpose: request.purpose,
    from: ends.from,
    to: ends.to,
    name: span.name,
    status,
    verdict: verdictOf(status),
    durationMs: span.duration_ms,
    startMs: span.start_ms,
    actors: actorsOf(span),
  };
}

/** Who asked. Null while that service has not told of its own part, which ends later and so is told later. */
function callerOf(span: ShownSpan, spans: readonly ShownSpan[]): Lane | null {
  const parent = spans.find(({ span_id: id }) => id === span.parent_span_id);
  return parent === undefined ? null : laneOfService(parent.service);
}

/** A call that got no answer is told by the caller alone. One that did, the callee tells better. */
function unansweredAt(span: ShownSpan, services: PageConfig['services']): Lane | null {
  const address = span.attributes['server.address'];
  return span.status === null && typeof address === 'string' ? laneOfUrl(address, services) : null;
}

/** Who acts for the person in a span's token, outermost first. */
export function actorsOf({ attributes }: ShownSpan): readonly string[] {
  const actors = attributes[tokenAttributes.actors];
  return typeof actors === 'string' && actors !== '' ? actors.split(' ') : [];
}
