/** The sandbox cards and their outcomes (apps/payment-service/README.md). No money moves. */
export const sandboxCards = [
  { number: '4242424242424242', outcome: 'succeeds' },
  { number: '4000000000000002', outcome: 'declined' },
  { number: '4000000000009995', outcome: 'no_funds' },
  { number: '4000000000000119', outcome: 'late_success' },
  { number: '4000000000000127', outcome: 'late_decline' },
] as const;

/** A card as typed. */
export type TypedCard = { readonly number: string; readonly expiry: string; readonly cvc: string };
/** A card in the form that payment-service expects. */
export type Card = {
  readonly number: string;
  readonly exp_month: number;
  readonly exp_year: number;
  readonly cvc?: string;
};
export type CardFault = 'number' | 'expiry' | 'cvc';

/**
 * Parses a card, or names the malformed fields. Does not check the number or the expiry date: payment-service does.
 *
 * @example parseCard({ number: '4242 4242 4242 4242', expiry: '12/30', cvc: '123' }).card?.exp_year // 2030
 */
export function parseCard(typed: TypedCard): { card: Card } | { card?: never; faults: readonly CardFault[] } {
  const number = typed.number.replaceAll(/[\s-]/g, '');
  const cvc = typed.cvc.trim();
  const expiry = /^\s*(\d{1,2})\s*\/\s*(?:20)?(\d{2})\s*$/.exec(typed.expiry);
  const month = Number(expiry?.[1]);
  const faults: CardFault[] = [];
  if (!/^\d{12,19}$/.test(number)) faults.push('number');
  if (expiry === null || month < 1 || month > 12) faults.push('expiry');
  if (cvc !== '' && !/^\d{3,4}$/.test(cvc)) faults.push('cvc');
  if (faults.length > 0) return { faults };
  const year = 2000 + Number(expiry?.[2]);
  return { card: { number, exp_month: month, exp_year: year, ...(cvc !== '' && { cvc }) } };
}

/**
 * Formats digits in groups of four, as on a card.
 *
 * @example groupDigits('4242424242424242') // '4242 4242 4242 4242'
 */
export function groupDigits(text: string): string {
  return text
    .replaceAll(/\D/g, '')
    .slice(0, 19)
    .replaceAll(/(\d{4})(?=\d)/g, '$1 ');
}

const brandNames = new Map([
  ['visa', 'Visa'],
  ['mastercard', 'Mastercard'],
  ['amex', 'American Express'],
  ['discover', 'Discover'],
  ['diners', 'Diners Club'],
  ['jcb', 'JCB'],
  ['unionpay', 'UnionPay'],
]);

/** A brand's own spelling, or payment-service's name for a brand that the page does not know. */
export function brandName(brand: string): string {
  return brandNames.get(brand) ?? brand;
}
