import { expect, test } from 'vitest';
import { parseSessionLimits } from '../../src/clients/session-limits.ts';

test('each entry is a client and a number; 0 means no limit', () => {
  expect([...parseSessionLimits(['latchkey-cli=3', 'latchkey-mobile=0', 'storefront=100'])]).toEqual([
    ['latchkey-cli', 3],
    ['latchkey-mobile', null],
    ['storefront', 100],
  ]);
});

test.each([
  'latchkey-cli',
  'latchkey-cli=',
  'latchkey-cli=-1',
  'latchkey-cli=1.5',
  'latchkey-cli=101',
  'latchkey-cli=1=2',
  '=1',
  'Latchkey=1',
])('%s is refused', (entry) => {
  expect(() => parseSessionLimits([entry])).toThrow(/^entry 1 is not client=number, 0 to 100$/);
});

test('a client that is listed twice is refused', () => {
  expect(() => parseSessionLimits(['storefront=1', 'storefront=2'])).toThrow(/entry 2 repeats a client/);
});
