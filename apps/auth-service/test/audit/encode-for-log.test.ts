import { expect, test } from 'vitest';
import { encodeForLog } from '../../src/audit/encode-for-log.ts';

test.each([
  ['plain text, ünïcode 🦊', 'plain text, ünïcode 🦊'],
  ['a\nb\r\n{"level":30}', 'a\\u000ab\\u000d\\u000a{"level":30}'],
  ['nul \u0000 escape \u001b[2J delete \u007f', 'nul \\u0000 escape \\u001b[2J delete \\u007f'],
  ['lines\u2028and\u2029paragraphs', 'lines\\u2028and\\u2029paragraphs'],
  ['turned \u202eround', 'turned \\u202eround'],
  ['lone \ud800 surrogate', 'lone \\ud800 surrogate'],
  ['tag \u{e0041}', 'tag \\u{e0041}'],
])('%j is recorded as %j', (text, recorded) => {
  expect(encodeForLog(text)).toBe(recorded);
});

test('a text that looks like a token is not recorded', () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
  expect(encodeForLog(`before ${jwt} after`)).toBe('before [token] after');
  expect(encodeForLog('rt1.k1.0-abc.5.bWFj')).toBe('[token]');
});

test('a long text is cut', () => {
  expect(encodeForLog('x'.repeat(100_000))).toHaveLength(513);
});
