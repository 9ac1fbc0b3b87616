import { useTranslation } from 'react-i18next';
import { formatMoney, type Money } from '../shop/money.ts';
import { currentLanguage } from './i18n.ts';

/** The formats of the language that is shown; whoever uses them is drawn again when it changes. */
export function useFormats() {
  useTranslation();
  const language = currentLanguage();
  return {
    money: (money: Money) => formatMoney(money, language),
    number: (value: number) => value.toLocaleString(language),
    time: (instant: string | number) =>
      new Date(instant).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' }),
    list: (words: readonly string[]) => new Intl.ListFormat(language, { type: 'conjunction' }).format(words),
  };
}
