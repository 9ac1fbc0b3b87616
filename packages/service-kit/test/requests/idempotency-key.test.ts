import { Check } from 'typebox/value';
import { expect, test } from 'vitest';
import { idempotencyKeyOf, idempotencyKeySchema } from '../../src/index.ts';

test.each([
  ['k', 'k'],
  ['"k"', 'k'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['"two words"', 'two words'],
  ['"a\\"b"', 'a"b'],
  ['"a\\\\"', 'a\\'],
  ['"\\\\\\""', '\\"'],
  ['!', '!'],
  ['~'.repeat(255), '~'.repeat(255)],
  [`"${'~'.repeat(255)}"`, '~'.repeat(255)],
  [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  // Without quotes the whole value is the key, because stored keys were read that way.
  ['k;a=1', 'k;a=1'],
  ["'k'", "'k'"],
  ['a"b"', 'a"b"'],
  ['a\\b', 'a\\b'],
  [':aGk=:', ':aGk=:'],
])('%s stands for the key %s', (value, key) => {
  expect(idempotencyKeyOf(value)).toBe(key);
  expect(Check(idempotencyKeySchema, value)).toBe(true);
});

test.each([
  ['nothing', ''],
  ['an empty string', '""'],
  ['one quote', '"'],
  ['a string that does not end', '"k'],
  ['one whose end is escaped', '"k\\"'],
  ['another escape', '"a\\n"'],
  ['a quote inside that is not escaped', '"a"b"'],
  ['a parameter', '"k";a=1'],
  ['a parameter without a value', '"k"; a'],
  ['a string and more', '"k"x'],
  ['two headers', 'k, k'],
  ['two headers in quotes', '"k", "k"'],
  ['two words without quotes', 'a b'],
  ['256 characters', 'k'.repeat(256)],
  ['256 characters in quotes', `"${'k'.repeat(256)}"`],
  ['a line end', 'k\n'],
  ['a control character in quotes', '"a\tb"'],
  ['what is not ASCII', 'clé'],
  ['what is not ASCII in quotes', '"clé"'],
])('%s is no key', (_what, value) => {
  expect(() => idempotencyKeyOf(value)).toThrow(
    expect.objectContaining({ status: 400, code: 'invalid_request' }),
  );
  expect(Check(idempotencyKeySchema, value)).toBe(false);
});
