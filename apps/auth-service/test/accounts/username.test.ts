import { expect, test } from 'vitest';
import { isUsername, normaliseUsername } from '../../src/accounts/username.ts';

test.each([
  ['Alice', 'alice'],
  ['  alice ', 'alice'],
  ['ＡＬＩＣＥ', 'alice'],
  ['\u212Aelvin', 'kelvin'],
  ['Alice@Example.COM', 'alice@example.com'],
])('%j is the person %j', (typed, username) => {
  expect(normaliseUsername(typed)).toBe(username);
});

test.each(['abc', 'a.b-c_d+e@f9', 'a'.repeat(64)])('%j can be a user name', (name) => {
  expect(isUsername(name)).toBe(true);
});

test.each([
  '',
  'ab',
  'a'.repeat(65),
  '.abc',
  'abc-',
  'a b c',
  'аlice',
  'ali\u0000ce',
  'alice\n',
  'Alice',
  '../etc',
])('%j cannot be a user name', (name) => {
  expect(isUsername(name)).toBe(false);
});
