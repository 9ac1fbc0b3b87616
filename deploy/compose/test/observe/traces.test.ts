import { expect, it } from 'vitest';
import { createTraces } from '../../src/observe/traces.ts';

let spans = 0;
function span(traceId: string, rest: object = {}) {
  spans += 1;
  const at = String(BigInt(1_800_000_000_000 + spans) * 1_000_000n);
  return { traceId, spanId: String(spans), startTimeUnixNano: at, endTimeUnixNano: at, ...rest };
}
const [cart, payment] = ['cart-service', 'payment-service'].map((service) => ({
  service,
  instance: '1',
})) as [{ service: string; instance: string }, { service: string; instance: string }];
const ids = (traces: ReturnType<typeof createTraces>) => traces.list(100).map(({ id }) => id);

it('forgets the oldest trace when there are too many', () => {
  const traces = createTraces({ mostTraces: 3 });
  for (const id of ['a', 'b', 'c', 'd']) traces.add(cart, span(id));
  expect(ids(traces)).toEqual(['d', 'c', 'b']);
  expect(traces.spansOf('a')).toEqual([]);
});

it('forgets the oldest trace when all of them have too many spans', () => {
  const traces = createTraces({ mostSpans: 4 });
  for (const id of ['a', 'a', 'b', 'b', 'c']) traces.add(cart, span(id));
  expect(ids(traces)).toEqual(['c', 'b']);
});

it('keeps traces that crossed services or failed during a flood of others', () => {
  const traces = createTraces({ mostTraces: 4 });
  traces.add(payment, span('crossing'));
  traces.add(cart, span('crossing'));
  traces.add(cart, span('failed', { status: { code: 2 } }));
  for (let plain = 0; plain < 100; plain++) traces.add(cart, span(`plain ${plain}`));
  expect(ids(traces)).toEqual(['plain 99', 'plain 98', 'failed', 'crossing']);
});

it('tells how many spans of a trace it did not keep', () => {
  const traces = createTraces();
  for (let sent = 0; sent < 503; sent++) traces.add(cart, span('long'));
  expect(traces.list(1)).toMatchObject([{ spans: 500, left_out: 3 }]);
});

it('names services in the order in which a request reached them', () => {
  const traces = createTraces();
  const first = span('x');
  traces.add(cart, span('x'));
  traces.add(payment, first);
  expect(traces.list(1)[0]?.services).toEqual(['payment-service', 'cart-service']);
});
