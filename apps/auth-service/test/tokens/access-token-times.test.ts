import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { type AccessTokenLimits, createAccessTokenIssuer } from '../../src/tokens/access-token.ts';
import { serviceClaims } from '../../src/tokens/claims.ts';
import { decode } from '../support/auth-app.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const NOW = 1_700_000_000;

async function issue(limits: AccessTokenLimits = {}, issuedFromOf?: (clientId: string) => number) {
  const issueAccessToken = createAccessTokenIssuer({
    issuer: 'http://localhost:4000',
    lifetimeSeconds: 300,
    signer: () => ({ kid: 'a-kid', privateKey }),
    clock: () => NOW * 1000 + 999,
    ...(issuedFromOf && { issuedFromOf }),
  });
  const { token, expiresInSeconds } = await issueAccessToken(serviceClaims('cart-service', []), limits);
  const { iat, exp } = decode(token).claims;
  return { iat, exp, expiresInSeconds };
}

test.each<[string, AccessTokenLimits, { iat: number; exp: number }]>([
  ['nothing to keep to', {}, { iat: NOW, exp: NOW + 300 }],
  [
    'what it says was read a second ago: it is from then, and does not outlive a revocation from between',
    { issuedAt: (NOW - 1) * 1000 + 500 },
    { iat: NOW - 1, exp: NOW + 299 },
  ],
  [
    'tokens from before the next second are revoked: it is from then, and lives no longer',
    { issuedFrom: NOW + 1 },
    { iat: NOW + 1, exp: NOW + 300 },
  ],
  ['tokens from before this second are revoked', { issuedFrom: NOW }, { iat: NOW, exp: NOW + 300 }],
  ['a revocation from long ago', { issuedFrom: NOW - 5_000 }, { iat: NOW, exp: NOW + 300 }],
  ['as far ahead as verifiers allow', { issuedFrom: NOW + 30 }, { iat: NOW + 30, exp: NOW + 300 }],
  [
    'a revocation by a clock that was an hour ahead: no token of the future',
    { issuedFrom: NOW + 3_600 },
    { iat: NOW, exp: NOW + 300 },
  ],
  ['an end of its own', { expiresBy: NOW + 20, issuedFrom: NOW + 1 }, { iat: NOW + 1, exp: NOW + 20 }],
])('%s', async (_what, limits, expected) => {
  expect(await issue(limits)).toEqual({ ...expected, expiresInSeconds: expect.any(Number) });
});

test('what holds for its client holds for it as well; the later one counts', async () => {
  const issuedFromOf = (clientId: string) => (clientId === 'cart-service' ? NOW + 2 : 0);
  expect(await issue({ issuedFrom: NOW + 1 }, issuedFromOf)).toMatchObject({ iat: NOW + 2 });
  expect(await issue({ issuedFrom: NOW + 3 }, issuedFromOf)).toMatchObject({ iat: NOW + 3 });
  expect(await issue({}, () => 0)).toMatchObject({ iat: NOW });
});
