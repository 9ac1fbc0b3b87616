import { expect, test } from 'vitest';
import { ideasPage, problemPage, welcomePage } from '../src/pages.ts';
import { textsFor } from '../src/texts.ts';

const hostile = '<script>alert("&")</script>';
const english = textsFor();
const refused = { verdict: '401 invalid_token', items: undefined, reason: undefined };

test('whatever comes from others is escaped', () => {
  const wishlist = { ...refused, items: [{ sku: `mug-${hostile}`, note: `for "${hostile}"` }] };
  const cart = { ...refused, verdict: `401 ${hostile}` };
  const pages = [
    ideasPage(english, { name: hostile, wishlist, cart }),
    ideasPage(english, { name: hostile, wishlist: { ...refused, verdict: hostile }, cart }),
    welcomePage(english, hostile),
  ].map(String);
  for (const page of pages) {
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(');
  }
});

test('each wish has an idea, with its note; without wishes or without the list the page says so', () => {
  const shown = { name: 'mina', cart: refused };
  const items = [
    { sku: 'tea-pot', note: 'for the winter' },
    { sku: 'mug_blue' },
    { sku: 'mat' },
    { sku: 'cup' },
  ];
  const page = String(ideasPage(english, { ...shown, wishlist: { ...refused, items } }));
  expect(page.match(/<li>/g)).toHaveLength(4);
  expect(page).toMatch(/tea pot, .*\(for the winter\)/);
  expect(page).toContain('mug blue, ');
  expect(page).toContain('the shop answered 401 invalid_token');
  const empty = String(ideasPage(english, { ...shown, wishlist: { ...refused, items: [] } }));
  expect(empty).toContain('The wishlist is empty');
  expect(String(ideasPage(english, { ...shown, wishlist: refused }))).toContain('could not be read');
});

test.each([
  ['ko-KR,ko;q=0.9,en;q=0.8', 'ko'],
  ['de, en;q=0.3, ko;q=0.5', 'ko'],
  ['en, ko', 'en'],
  ['ko;q=0, en', 'en'],
  ['fr', 'en'],
  [undefined, 'en'],
])('for %s the language is %s', (acceptLanguage, language) => {
  const page = String(problemPage(textsFor(acceptLanguage), 'expired'));
  expect(page).toContain(`<html lang="${language}">`);
  expect(page.includes('처음으로')).toBe(language === 'ko');
});
