import { expecting, personOf, type Scenario } from './scenario.ts';

/** One of this many requests has a bad token. */
const everyNth = 20;

export const badTokens: Scenario = {
  name: '5 % bad tokens',
  story: 'looks into the cart, and one of twenty with a token that was edited, cut off or made up',
  perSecond: 400,
  async play(world, index) {
    const { accessToken } = personOf(world, index);
    const isBad = index % everyNth === 0;
    const token = isBad ? spoil(accessToken, index / everyNth) : accessToken;
    const status = await world.http.cart.status({ path: '/cart', token });
    return isBad && status === 200 ? 'wrongly accepted' : expecting(isBad ? 401 : 200, status);
  },
};

/** Each makes a different token every time, so that no service remembers it. */
const ways: readonly ((token: string, nonce: number) => string)[] = [
  // Another person, with the old signature.
  (token, nonce) => {
    const [header, payload = '', signature] = token.split('.');
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: `somebody-${nonce}` };
    return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  },
  (token, nonce) => token.slice(0, token.length - 1 - (nonce % 40)),
  (_token, nonce) => `nonsense-${nonce}`,
  (token, nonce) => {
    const [, payload, signature] = token.split('.');
    const header = { alg: 'RS256', typ: 'at+jwt', kid: `made-up-${nonce}` };
    return [Buffer.from(JSON.stringify(header)).toString('base64url'), payload, signature].join('.');
  },
];

function spoil(token: string, nonce: number): string {
  const way = ways[nonce % ways.length];
  return way === undefined ? '' : way(token, nonce);
}
