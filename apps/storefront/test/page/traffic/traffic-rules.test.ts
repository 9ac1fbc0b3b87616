import { describe, expect, it } from 'vitest';
import { noTraffic } from '../../../page/traffic/traffic.ts';
import {
  mostEntries,
  mostSpansOfTrace,
  withAnswer,
  withProblem,
  withRequest,
  withSpan,
} from '../../../page/traffic/traffic-rules.ts';
import { pageAnswer, pageRequest, shownSpan } from './requests.ts';

const request = pageRequest();
const { traceId } = request;
const sent = withRequest(noTraffic, request);

describe('what the page remembers of its traffic', () => {
  it('holds a request that is on its way, then its answer, then what the answer said', () => {
    expect(sent.entries).toEqual([{ request, answer: null, spans: [] }]);
    const answered = withAnswer(sent, traceId, pageAnswer(401));
    expect(answered.entries[0]?.answer?.status).toBe(401);
    const problem = { code: 'invalid_token', reason: 'sign_out', detail: null };
    expect(withProblem(answered, traceId, problem).entries[0]?.answer?.problem).toEqual(problem);
  });

  it('lets the oldest go', () => {
    let traffic = noTraffic;
    for (let index = 0; index <= mostEntries; index += 1)
      traffic = withRequest(traffic, pageRequest({ traceId: String(index) }));
    expect(traffic.entries).toHaveLength(mostEntries);
    expect(traffic.entries[0]?.request.traceId).toBe('1');
  });

  it('sorts spans by when they began, however late they are told', () => {
    const late = shownSpan({ span_id: 'c', start_ms: 1002 });
    const early = shownSpan({ span_id: 'b', start_ms: 1001 });
    const traffic = withSpan(withSpan(sent, late), early);
    expect(traffic.entries[0]?.spans.map(({ span_id: id }) => id)).toEqual(['b', 'c']);
  });

  it('takes a span once: a stream that opens anew tells the last minute again', () => {
    const once = withSpan(sent, shownSpan());
    expect(withSpan(once, shownSpan())).toBe(once);
  });

  it('keeps nothing of a trace that it does not know', () => {
    expect(withSpan(sent, shownSpan({ trace_id: 'f'.repeat(32) }))).toBe(sent);
    expect(withAnswer(noTraffic, traceId, pageAnswer(200))).toBe(noTraffic);
  });

  it('bounds the spans of a trace', () => {
    let traffic = sent;
    for (let index = 0; index <= mostSpansOfTrace; index += 1)
      traffic = withSpan(traffic, shownSpan({ span_id: String(index) }));
    expect(traffic.entries[0]?.spans).toHaveLength(mostSpansOfTrace);
  });
});
