import { expect, test } from 'vitest';
import { headerValues } from '../../src/requests/header-values.ts';

test('the values of a header are those of all its lines, in any case, and no others', () => {
  const rawHeaders = ['Authorization', 'a', 'x-name', 'authorization', 'AUTHORIZATION', 'b, c'];
  expect(headerValues(rawHeaders, 'authorization')).toEqual(['a', 'b, c']);
  expect(headerValues(rawHeaders, 'dpop')).toEqual([]);
});
