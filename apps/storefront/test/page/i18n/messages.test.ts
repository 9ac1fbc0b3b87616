import { describe, expect, it } from 'vitest';
import { demoMessages as demoEn } from '../../../page/demo/i18n/en.ts';
import { demoMessages as demoKo } from '../../../page/demo/i18n/ko.ts';
import { shopMessages as en } from '../../../page/i18n/en/shop.ts';
import { shopMessages as ko } from '../../../page/i18n/ko/shop.ts';
import { chooseLanguage } from '../../../page/i18n/language.ts';
import { products } from '../../../page/shop/products/catalogue.ts';

type Messages = { readonly [key: string]: string | Messages };

function flat(messages: Messages, path = ''): [path: string, text: string][] {
  return Object.entries(messages).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[path + key, value]] : flat(value, `${path}${key}.`),
  );
}

function wordsToFill(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, word = '']) => word).sort();
}

const sameOfShop = ['checkout.cvc'];
const sameOfDemo = [
  'lanes.names.partner',
  'thief.forged_claim',
  'failures.parts.auth-service',
  'failures.parts.redis',
];

describe.each<[part: string, english: Messages, korean: Messages, same: readonly string[]]>([
  ['shop', en, ko, sameOfShop],
  ['demo', demoEn, demoKo, sameOfDemo],
])('the messages of the %s', (_part, english, translated, sameInBoth) => {
  const korean = new Map(flat(translated));

  it('exist in both languages, with the same placeholders', () => {
    expect([...korean.keys()].sort()).toEqual(
      flat(english)
        .map(([path]) => path)
        .sort(),
    );
    for (const [path, text] of flat(english)) {
      expect([path, ...wordsToFill(korean.get(path) ?? '')]).toEqual([path, ...wordsToFill(text)]);
    }
  });

  it('are translated, except words that are the same', () => {
    const same = flat(english).filter(([path, text]) => korean.get(path) === text);
    expect(same.map(([path]) => path)).toEqual(sameInBoth);
  });
});

describe('the messages of the shop', () => {
  it('name every product', () => {
    for (const { sku } of products) {
      expect(en.products.names[sku]).toBeTruthy();
      expect(en.products.descriptions[sku]).toBeTruthy();
    }
  });
});

describe('the language to begin with', () => {
  it('is the one that was chosen before', () => {
    expect(chooseLanguage('ko', ['en-GB'])).toBe('ko');
  });

  it('is otherwise the browser’s first preference that the page has', () => {
    expect(chooseLanguage(null, ['ko-KR', 'en'])).toBe('ko');
    expect(chooseLanguage(null, ['fr', 'EN-us', 'ko'])).toBe('en');
    expect(chooseLanguage('tlh', ['fr'])).toBe('en');
  });
});
