/** A number for people: three significant digits, and whole numbers from 1,000 on; '–' for a missing value. */
export function showNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  const rounded = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en', { maximumFractionDigits: 4 });
}

/** @example withUnit(12.34, 'ms') // '12.3 ms' */
export function withUnit(value: number, unit: string): string {
  return unit === '' ? showNumber(value) : `${showNumber(value)} ${unit}`;
}
