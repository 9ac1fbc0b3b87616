/** An amount in the currency's minor units (cents, yen) and its ISO 4217 code. */
export type Money = { readonly amount: number; readonly currency: string };

const formats = new Map<string, Intl.NumberFormat>();

/**
 * Formats an amount with its currency for a language.
 *
 * @example formatMoney({ amount: 1900, currency: 'EUR' }, 'en') // '€19.00'
 */
export function formatMoney({ amount, currency }: Money, language: string): string {
  return formatOf(currency, language).format(amount / 10 ** minorDigits(currency));
}

/**
 * Formats an amount for an input field: without the currency, and without thousands separators.
 *
 * @example formatAmount({ amount: 123450, currency: 'EUR' }) // '1234.50'
 */
export function formatAmount({ amount, currency }: Money): string {
  const digits = minorDigits(currency);
  return (amount / 10 ** digits).toFixed(digits);
}

/**
 * Parses a typed amount with a decimal point or comma. Null when it is not a positive amount, or has more decimals than
 * the currency.
 *
 * @example parseAmount('12,5', 'EUR') // { amount: 1250, currency: 'EUR' }
 */
export function parseAmount(text: string, currency: string): Money | null {
  const [, whole = '', fraction = ''] = /^\s*(\d{1,10})(?:[.,](\d*))?\s*$/.exec(text) ?? [];
  const digits = minorDigits(currency);
  const amount = Number(whole + fraction.padEnd(digits, '0'));
  return whole === '' || fraction.length > digits || amount === 0 ? null : { amount, currency };
}

/** Digits after the point: 2 for euros, 0 for yen and won. */
export function minorDigits(currency: string): number {
  return formatOf(currency, 'en').resolvedOptions().maximumFractionDigits ?? 0;
}

function formatOf(currency: string, language: string): Intl.NumberFormat {
  const name = `${language} ${currency}`;
  const format = formats.get(name) ?? new Intl.NumberFormat(language, { style: 'currency', currency });
  formats.set(name, format);
  return format;
}
