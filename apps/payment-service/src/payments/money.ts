/** The maximum amount of one payment in minor units: far above any cart, far below 2^53. */
export const maximumAmount = 100_000_000_000;

/** An amount in the currency's minor units (cents, yen) and its ISO 4217 code. */
export type Money = {
  amount: number;
  currency: string;
};

const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/**
 * True for an upper-case ISO 4217 code of real money; test and metal codes (XTS, XAU) are not in the list.
 * Does not check whether the processor accepts it.
 *
 * @example isCurrency('EUR') // true
 */
export function isCurrency(code: string): boolean {
  return currencies.has(code);
}
