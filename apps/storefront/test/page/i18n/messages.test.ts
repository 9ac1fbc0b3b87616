import { describe, expect, it } from 'vitest';
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

describe('the messages', () => {
  const korean = new Map(flat(ko));

  it('are there in both languages, with the same words to fill in', () => {
    expect([...korean.keys()].sort()).toEqual(
      flat(en)
        .map(([path]) => path)
        .sort(),
    );
    for (const [path, text] of flat(en)) {
      expect([path, ...wordsToFill(korean.get(path) ?? '')]).toEqual([path, ...wordsToFill(text)]);
    }
  });

  it('are translated, but for what is the same word', () => {
    const same = flat(en).filter(([path, text]) => korean.get(path) === text);
    expect(same).toEqual([['checkout.cvc', 'CVC']]);
  });

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

  it('is else the first wish that the page speaks', () => {
    expect(chooseLanguage(null, ['ko-KR', 'en'])).toBe('ko');
    expect(chooseLanguage(null, ['fr', 'EN-us', 'ko'])).toBe('en');
    expect(chooseLanguage('tlh', ['fr'])).toBe('en');
  });
});
