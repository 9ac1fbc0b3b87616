import { randomHex } from '../../random-hex.ts';
import { decodeToken, withAlgNone, withClaims } from '../token/token.ts';

export const forgeries = ['refund', 'other', 'forever', 'none'] as const;
export type Forgery = (typeof forgeries)[number];

/** A token forged from a real one, and its forged claims. */
export type Forged = {
  readonly token: string;
  readonly lie: { readonly name: string; readonly value: string };
};

/** @throws {TypeError} when `token` cannot be decoded */
export function forge(token: string, forgery: Forgery): Forged {
  if (forgery === 'none') return { token: withAlgNone(token), lie: { name: 'alg', value: 'none' } };
  const claims = decodeToken(token)?.claims;
  if (claims === undefined) throw new TypeError('not a token');
  const [name, value] = lieOf(forgery, claims);
  return { token: withClaims(token, { [name]: value }), lie: { name, value: String(value) } };
}

function lieOf(
  forgery: Exclude<Forgery, 'none'>,
  claims: Readonly<Record<string, unknown>>,
): readonly [string, unknown] {
  if (forgery === 'refund') return ['scope', `${claims['scope']} payment:refund accounts:manage`];
  if (forgery === 'other') return ['sub', randomHex(16)];
  // The last second of the year 2099.
  return ['exp', 4_102_444_799];
}
