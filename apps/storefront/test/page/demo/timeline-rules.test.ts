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
