import { expect, test } from 'vitest';
import { loadBreachedPasswords } from '../../src/accounts/breached-passwords.ts';
import { passwordFault } from '../../src/accounts/password-rules.ts';

const breached = await loadBreachedPasswords();

function ruleBrokenBy(password: string, username = 'alice'): string | undefined {
  return passwordFault({ password, username, isBreached: (candidate) => breached.has(candidate) })?.rule;
}

test.each([
  ['', 'not_text'],
  ['lone \ud800 surrogate', 'not_text'],
  ['a NUL \u0000 character', 'not_text'],
  ['two\nlines of text', 'not_text'],
  ['a line end after it\r\n', 'not_text'],
  ['7 chars', 'too_short'],
  ['👩‍🚀👩‍🚀', 'too_short'],
  // Seven characters after NFKC, because it composes the accents.
  ['e\u0301'.repeat(7), 'too_short'],
  ['x'.repeat(257), 'too_long'],
  ['x'.repeat(60_000), 'too_long'],
  // NFKC turns this one character into eighteen.
  ['\ufdfa'.repeat(20), 'too_long'],
  ['my name is Alice', 'contains_username'],
  ['password1', 'breached'],
  ['PassWord1', 'breached'],
  ['ｐａｓｓｗｏｒｄ１', 'breached'],
])('%j breaks the rule %s', (password, rule) => {
  expect(ruleBrokenBy(password)).toBe(rule);
});

test('the name before the @ of a mail address counts as the user name', () => {
  expect(ruleBrokenBy('hello-barbara-hello', 'barbara@example.com')).toBe('contains_username');
  expect(ruleBrokenBy('hello-anna-hello', 'anna@example.com')).toBe('contains_username');
  // Shorter names do not count, because they would exclude nearly every password.
  expect(ruleBrokenBy('correct horse battery staple', 'a@example.com')).toBeUndefined();
  expect(ruleBrokenBy('hello-bob-hello', 'bob@example.com')).toBeUndefined();
});

test.each([
  'eight ch',
  'correct horse battery staple',
  'x'.repeat(256),
  '🦊'.repeat(256),
  'пароль для меня',
  '        ',
])('%j is allowed: no rule says which characters a password is made of', (password) => {
  expect(ruleBrokenBy(password)).toBeUndefined();
});

test('the message about a fault does not contain the password', () => {
  const fault = passwordFault({ password: 'password1', username: 'alice', isBreached: () => true });
  expect(fault?.detail).not.toContain('password1');
});
