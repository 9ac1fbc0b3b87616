import { expect, test } from 'vitest';
import { isAtLeast } from '../toolchain/find.mjs';

test.each([
  ['24.7.0', true],
  ['24.10.1', true],
  ['26.0.0', true],
  ['24.6.9', false],
  ['22.20.0', false],
  ['nonsense', false],
])('Node.js %s is new enough for 24.7: %s', (version, expected) => {
  expect(isAtLeast(version, '24.7')).toBe(expected);
});
