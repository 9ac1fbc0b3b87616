import { expect, test } from 'vitest';
import type { ShownSpan } from '../../src/demo/api.ts';
import { createSpans } from '../../src/demo/spans.ts';

const [ours, theirs] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'];

function span(prefix: string, name = 'GET /cart'): ShownSpan {
  return {
    trace_id: `${prefix}0000000000000001`,
    span_id: '0000000000000001',
    parent_span_id: null,
    service: 'cart-service',
    kind: 'server',
    name,
    start_ms: 0,
    duration_ms: 1,
    status: 200,
    attributes: {},
  };
}

function heard(spans: ReturnType<typeof createSpans>, prefix = ours) {
  const names: string[] = [];
  const stop = spans.follow(prefix, ({ name }) => names.push(name));
  return { names, stop };
}

test('a follower gets earlier spans, and later ones until it stops, of its own traces', () => {
  const spans = createSpans();
  spans.add(span(ours, 'before'));
  const { names, stop } = heard(spans);
  spans.add(span(theirs, 'another page’s'));
  spans.add(span(ours, 'after'));
  stop();
  spans.add(span(ours, 'too late'));
  expect(names).toEqual(['before', 'after']);
});

test('spans that are older than a minute are not sent', () => {
  let now = 0;
  const spans = createSpans({ clock: () => now });
  spans.add(span(ours, 'old'));
  now = 60_001;
  spans.add(span(ours, 'new'));
  expect(heard(spans).names).toEqual(['new']);
});

test('of too many the oldest are forgotten', () => {
  const spans = createSpans({ most: 10 });
  for (let number = 1; number <= 100; number += 1) spans.add(span(ours, String(number)));
  const { names } = heard(spans);
  expect(names.length).toBeLessThanOrEqual(10);
  expect(names.at(-1)).toBe('100');
});
