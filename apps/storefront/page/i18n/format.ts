import { useTranslation } from 'react-i18next';
import { currentLanguage } from './i18n.ts';
import { formatMoney, type Money } from './money.ts';

/** The formats of the language that is shown; whoever uses them is drawn again when it changes. */
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

/** Of today, the time is enough. */
function formatTime(instant: Date, language: string): string {
  const isToday = instant.toDateString() === new Date().toDateString();
  return instant.toLocaleString(language, { timeStyle: 'short', ...(!isToday && { dateStyle: 'medium' }) });
}
