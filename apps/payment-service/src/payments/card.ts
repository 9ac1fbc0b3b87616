/**
 * A card as the buyer typed it. It exists for one request: it goes to the processor and into a keyed fingerprint, never
 * into a table or a log line.
 */
export type Card = {
  number: string;
  expMonth: number;
  expYear: number;
  cvc?: string;
};

/** What payment-service stores of a card. */
export type CardSummary = {
  last4: string;
  brand: string;
};

const brands: readonly (readonly [brand: string, prefix: RegExp])[] = [
  ['visa', /^4/],
  ['mastercard', /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/],
  ['amex', /^3[47]/],
  ['discover', /^(6011|64[4-9]|65)/],
  ['diners', /^(30[0-5]|36|38|39)/],
  ['jcb', /^35(2[89]|[3-8])/],
  ['unionpay', /^62/],
];

/**
 * Brand and last four digits: all of a card that is shown and stored (PCI DSS 3.4).
 *
 * @example summarizeCard('4242424242424242') // { last4: '4242', brand: 'visa' }
 */
export function summarizeCard(number: string): CardSummary {
  const brand = brands.find(([, prefix]) => prefix.test(number))?.[0] ?? 'unknown';
  return { last4: number.slice(-4), brand };
}

/**
 * Checks the check digit of ISO/IEC 7812-1 annex B (Luhn). Does not check whether the card exists.
 *
 * @example passesLuhn('4242424242424242') // true
 */
export function passesLuhn(number: string): boolean {
  let sum = 0;
  for (const [position, digit] of [...number].reverse().entries()) {
    const value = Number(digit) * (position % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** A card is valid until the end of its month, in UTC. */
export function isExpired(card: Pick<Card, 'expMonth' | 'expYear'>, now: number): boolean {
  return now >= Date.UTC(card.expYear, card.expMonth, 1);
}
