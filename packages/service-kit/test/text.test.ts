import { expect, test } from 'vitest';
import { isBlank, shownText, textOf } from '../src/text.ts';

test.each([
  ['text as it is', 'Ada’s phone, 전화 📱', 'Ada’s phone, 전화 📱'],
  ['what is decomposed', '전화'.normalize('NFD'), '전화'],
  ['what is composed once nothing stands between', 'e\u200b\u0301', 'é'],
  ['text that turns around', 'Phone \u202eenohp\u202c', 'Phone enohp'],
  ['isolates and marks', '\u2066a\u2067b\u2068c\u2069d\u200ee\u200ff\u061cg', 'abcdefg'],
  ['embeddings and overrides', '\u202aa\u202bb\u202cc\u202dd\u202ee', 'abcde'],
  ['what has no width', 'a\u200bb\u2060c\ufeffd\u00ade\u180ef', 'abcdef'],
  ['controls', 'a\u001b[2Jb\u0085c\u007f', 'a[2Jbc'],
  ['line and paragraph separators', 'a\u2028b\u2029c', 'abc'],
  ['annotations', 'a\ufff9b\ufffac\ufffb', 'abc'],
  ['text hidden in tags', 'a\u{e0061}\u{e0062}b', 'ab'],
  ['lines', 'a\n\tb', 'a\n\tb'],
  ['families of emoji, Persian, flags', '👩‍👩‍👧 می‌خواهم 🏴󠁧󠁢󠁳󠁣󠁴󠁿 ☕️', '👩‍👩‍👧 می‌خواهم 🏴󠁧󠁢󠁳󠁣󠁴󠁿 ☕️'],
])('of %s, the visible text is kept', (_what, typed, kept) => {
  expect(shownText(typed)).toBe(kept);
  expect(shownText(kept)).toBe(kept);
});

test.each([
  '',
  ' ',
  '\t\n',
  '\u00a0\u3000',
  '\u3164',
  '\u115f\u1160',
  '\u200d',
  '\ufe0f',
  '\u0301',
  '\u2800',
  '\u034f',
])('there is nothing to see in %j', (text) => {
  expect(isBlank(text)).toBe(true);
  expect(isBlank(`${text}x`)).toBe(false);
});

test.each([
  ['a byte that begins nothing', [0xff]],
  ['half a character', [0xc3]],
  ['an overlong encoding', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['what is beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ['Latin-1', [0x63, 0x61, 0x66, 0xe9]],
])('%s is no text', (_what, bytes) => {
  expect(textOf(Buffer.from([0x61, ...bytes]))).toBeUndefined();
});

test('UTF-8 is text', () => {
  expect(textOf(Buffer.from('a 전화 📱 \0'))).toBe('a 전화 📱 \0');
});
