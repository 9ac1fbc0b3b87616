/**
 * Formats milliseconds: with one decimal below ten, whole below a second, else as seconds with one decimal.
 *
 * @example
 * formatDuration(3.06, 'en'); // '3.1 ms'
 * formatDuration(2500, 'en'); // '2.5 s'
 */
export function formatDuration(ms: number, locale: string): string {
  const isSeconds = Math.round(ms) >= 1000;
  const value = isSeconds ? ms / 1000 : ms;
  const digits = isSeconds || Math.round(ms * 10) < 100 ? 1 : 0;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
  // Intl's own unit style has no space in some languages, and spells the unit out in others.
  return `${number}\u00a0${isSeconds ? 's' : 'ms'}`;
}
