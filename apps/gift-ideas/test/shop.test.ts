import { expect, test } from 'vitest';
import { traceparentAfter } from '../src/shop.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';

test('our requests join the trace of the request from which they follow, as requests of ours', () => {
  const next = traceparentAfter(`00-${trace}-b7ad6b7169203331-01`);
  expect(next).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  expect(next).not.toContain('b7ad6b7169203331');
});

test.each([undefined, '', 'nonsense', `00-${trace}-b7ad6b7169203331-01, 00-${trace}-b7ad6b7169203331-01`])(
  'there is no trace to join in %j',
  (received) => expect(traceparentAfter(received)).toBeUndefined(),
);
