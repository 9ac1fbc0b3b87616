/** An amount in the currency's minor units (cents, yen) and its ISO 4217 code. */
export type Money = { readonly amount: number; readonly currency: string };

const formats = new Map<string, Intl.NumberFormat>();

/**
 * An amount as people write it in their language.
 *
 * @example formatMoney({ amount: 1900, currency: 'EUR' }, 'en') // '€19.00'
 */
export function formatMoney({ amount, currency }: Money, language: string): string {
  return formatOf(currency, language).format(amount / 10 ** minorDigits(currency));
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
