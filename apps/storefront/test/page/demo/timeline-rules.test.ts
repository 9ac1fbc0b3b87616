import { describe, expect, it } from 'vitest';
import { timelineOf } from '../../../page/demo/inspector/timeline-rules.ts';
import { formatDuration } from '../../../page/demo/stopwatch/format-duration.ts';
import { pageAnswer, pageRequest, shownSpan } from '../traffic/requests.ts';

const request = pageRequest();

describe('the timeline', () => {
  it('puts each hop below its caller', () => {
    const spans = [
      shownSpan({ span_id: 'a', service: 'payment-service', name: 'POST /payments' }),
      shownSpan({
        span_id: 'b',
        parent_span_id: 'a',
        kind: 'client',
        name: 'PUT',
        attributes: { 'url.path': '/cart' },
      }),
      shownSpan({ span_id: 'c', parent_span_id: 'b', start_ms: 1002.5 }),
      shownSpan({
        span_id: 'd',
        parent_span_id: 'a',
        start_ms: 1004,
        kind: 'client',
        name: 'postgres commit',
      }),
    ];
    const rows = timelineOf({ request, answer: pageAnswer(200), spans });
    expect(rows.map(({ depth, who, name }) => `${depth} ${who} ${name}`)).toEqual([
      '0 page GET /cart',
      '1 payment-service POST /payments',
      '2 cart-service PUT /cart',
      '3 cart-service GET /cart',
      '2 cart-service postgres commit',
    ]);
    expect(rows.map(({ offsetMs }) => offsetMs)).toEqual([0, 1, 1, 2.5, 4]);
  });

  it('writes a run of queries to one store in one line', () => {
    const asked = (id: string, store: string, startMs: number) =>
      shownSpan({
        span_id: id,
        kind: 'client',
        name: `${store} x`,
        start_ms: startMs,
        duration_ms: 1,
        status: null,
        attributes: { 'db.system.name': store },
      });
    const spans = [
      asked('a', 'postgresql', 1001),
      asked('b', 'postgresql', 1004),
      asked('c', 'redis', 1006),
      asked('d', 'postgresql', 1008),
    ];
    const rows = timelineOf({ request, answer: pageAnswer(200), spans });
    expect(rows.slice(1).map(({ name, durationMs }) => `${name} ${durationMs}`)).toEqual([
      'postgresql ×2 4',
      'redis x 1',
      'postgresql x 1',
    ]);
  });

  it('shows a call once, as the callee saw it, and one without an answer as its caller saw it', () => {
    const call = shownSpan({
      span_id: 'out',
      kind: 'client',
      service: 'payment-service',
      name: 'PUT',
      duration_ms: 5,
    });
    const served = shownSpan({ span_id: 'in', start_ms: 1002 });
    const whos = (spans: Parameters<typeof timelineOf>[0]['spans']) =>
      timelineOf({ request, answer: null, spans }).map(({ who }) => who);
    expect(whos([call, served])).toEqual(['page', 'cart-service']);
    expect(whos([{ ...call, status: null }])).toEqual(['page', 'payment-service']);
  });

  it('shows a hop whose caller has not reported yet', () => {
    const spans = [shownSpan({ parent_span_id: 'unknown' })];
    expect(timelineOf({ request, answer: null, spans }).map(({ depth }) => depth)).toEqual([0, 1]);
  });
});

describe('durations', () => {
  it.each([
    [0.04, '0 ms'],
    [3.06, '3.1 ms'],
    [9.96, '10 ms'],
    [12.4, '12 ms'],
    [999.6, '1 s'],
    [2540, '2.5 s'],
  ])('%d reads %s', (ms, text) => {
    expect(formatDuration(ms, 'en')).toBe(text.replace(' ', '\u00a0'));
  });
});
