import { describe, expect, it } from 'vitest';
import { noTraffic, type Purpose, type Traffic } from '../../../page/traffic/traffic.ts';
import {
  keptOf,
  maxEntries,
  maxSpansOfTrace,
  withAnswer,
  withProblem,
  withRequest,
  withSpan,
} from '../../../page/traffic/traffic-rules.ts';
import { pageAnswer, pageRequest, shownSpan } from './requests.ts';

const request = pageRequest();
const { traceId } = request;
const sent = withRequest(noTraffic, request);

/** The traffic after this many more requests of each purpose in turn. */
function after(requests: readonly (readonly [Purpose, number])[], before = noTraffic): Traffic {
  return requests
    .flatMap(([purpose, count]) => Array.from({ length: count }, () => purpose))
    .reduce((traffic, purpose) => withRequest(traffic, pageRequest({ purpose })), before);
}

function counts({ entries }: Traffic): Partial<Record<Purpose, number>> {
  const groups = Object.groupBy(entries, ({ request: { purpose } }) => purpose);
  return Object.fromEntries(Object.entries(groups).map(([purpose, group]) => [purpose, group.length]));
}

describe('what the page remembers of its traffic', () => {
  it('holds a request that is on its way, then its answer, then the content of the answer', () => {
    expect(sent.entries).toEqual([{ request, answer: null, spans: [] }]);
    const answered = withAnswer(sent, traceId, pageAnswer(401));
    expect(answered.entries[0]?.answer?.status).toBe(401);
    const problem = { code: 'invalid_token', reason: 'sign_out', detail: null };
    expect(withProblem(answered, traceId, problem).entries[0]?.answer?.problem).toEqual(problem);
  });

  it('drops the oldest', () => {
    let traffic = noTraffic;
    for (let index = 0; index <= maxEntries; index += 1)
      traffic = withRequest(traffic, pageRequest({ traceId: String(index) }));
    expect(traffic.entries).toHaveLength(maxEntries);
    expect(traffic.entries[0]?.request.traceId).toBe('1');
  });

  it('drops load first, then probes, then background, and then the oldest', () => {
    const all = after([
      ['person', 5],
      ['background', 70],
      ['probe', 30],
      ['load', maxEntries],
    ]);
    expect(counts(all)).toEqual({ person: 5, background: 70, probe: 30, load: maxEntries - 105 });
    const more = after([['person', 50]], all);
    expect(counts(more)).toEqual({ person: 55, background: 70, probe: 25, load: keptOf.load });
    expect(counts(after([['person', 25]], more))).toEqual({ person: 80, ...keptOf });
    expect(counts(after([['person', maxEntries]], more))).toEqual({ person: maxEntries });
  });

  it('takes in what it would drop first, even when it is full of the person’s requests', () => {
    const full = after([['person', maxEntries]]);
    const { entries } = after([['background', 1]], full);
    expect(entries.at(-1)?.request.purpose).toBe('background');
    expect(entries).toHaveLength(maxEntries);
  });

  it('sorts spans by when they began, however late they arrive', () => {
    const late = shownSpan({ span_id: 'c', start_ms: 1002 });
    const early = shownSpan({ span_id: 'b', start_ms: 1001 });
    const traffic = withSpan(withSpan(sent, late), early);
    expect(traffic.entries[0]?.spans.map(({ span_id: id }) => id)).toEqual(['b', 'c']);
  });

  it('takes a span once: a stream that opens again repeats the last minute', () => {
    const once = withSpan(sent, shownSpan());
    expect(withSpan(once, shownSpan())).toBe(once);
  });

  it('keeps nothing of a trace that it does not know', () => {
    expect(withSpan(sent, shownSpan({ trace_id: 'f'.repeat(32) }))).toBe(sent);
    expect(withAnswer(noTraffic, traceId, pageAnswer(200))).toBe(noTraffic);
  });

  it('bounds the spans of a trace', () => {
    let traffic = sent;
    for (let index = 0; index <= maxSpansOfTrace; index += 1)
      traffic = withSpan(traffic, shownSpan({ span_id: String(index) }));
    expect(traffic.entries[0]?.spans).toHaveLength(maxSpansOfTrace);
  });
});
