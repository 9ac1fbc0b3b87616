import { useTranslation } from 'react-i18next';
import { currentLanguage } from './i18n.ts';
import { formatMoney, type Money } from './money.ts';

/** The formats of the current language. A component that uses them renders again when the language changes. */
export function useFormats() {
  useTranslation();
  const language = currentLanguage();
  return {
    money: (money: Money) => formatMoney(money, language),
    number: (value: number) => value.toLocaleString(language),
    time: (instant: string | number) => formatTime(new Date(instant), language),
    list: (words: readonly string[]) => new Intl.ListFormat(language, { type: 'conjunction' }).format(words),
  };
}

/** An instant of today is shown without its date. */
function formatTime(instant: Date, language: string): string {
  const isToday = instant.toDateString() === new Date().toDateString();
  return instant.toLocaleString(language, { timeStyle: 'short', ...(!isToday && { dateStyle: 'medium' }) });
}
