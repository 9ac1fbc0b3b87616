import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { type AccessTokenLimits, createAccessTokenIssuer } from '../../src/tokens/access-token.ts';
import { serviceClaims } from '../../src/tokens/claims.ts';
import { decode } from '../support/auth-app.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const now = 1_700_000_000;

async function issue(limits: AccessTokenLimits = {}, issuedFromOf?: (clientId: string) => number) {
  const issueAccessToken = createAccessTokenIssuer({
    issuer: 'http://localhost:4000',
    lifetimeSeconds: 300,
    signer: () => ({ kid: 'a-kid', privateKey }),
    clock: () => now * 1000 + 999,
    ...(issuedFromOf && { issuedFromOf }),
  });
  const { token, expiresInSeconds } = await issueAccessToken(serviceClaims('cart-service', []), limits);
  const { iat, exp } = decode(token).claims;
  return { iat, exp, expiresInSeconds };
}

test.each<[string, AccessTokenLimits, { iat: number; exp: number }]>([
  ['nothing to keep to', {}, { iat: now, exp: now + 300 }],
  [
    'what it says was read a second ago: it is from then, and does not outlive a revocation from between',
    { issuedAt: (now - 1) * 1000 + 500 },
    { iat: now - 1, exp: now + 299 },
  ],
  [
    'tokens from before the next second are revoked: it is from then, and lives no longer',
    { issuedFrom: now + 1 },
    { iat: now + 1, exp: now + 300 },
  ],
  ['tokens from before this second are revoked', { issuedFrom: now }, { iat: now, exp: now + 300 }],
  ['a revocation from long ago', { issuedFrom: now - 5_000 }, { iat: now, exp: now + 300 }],
  ['as far ahead as verifiers allow', { issuedFrom: now + 30 }, { iat: now + 30, exp: now + 300 }],
  [
    'a revocation by a clock that was an hour ahead: no token of the future',
    { issuedFrom: now + 3_600 },
    { iat: now, exp: now + 300 },
  ],
  ['an end of its own', { expiresBy: now + 20, issuedFrom: now + 1 }, { iat: now + 1, exp: now + 20 }],
])('%s', async (_what, limits, expected) => {
  expect(await issue(limits)).toEqual({ ...expected, expiresInSeconds: expect.any(Number) });
});

test('the earliest time of its client holds for a token as well; the later one counts', async () => {
  const issuedFromOf = (clientId: string) => (clientId === 'cart-service' ? now + 2 : 0);
  expect(await issue({ issuedFrom: now + 1 }, issuedFromOf)).toMatchObject({ iat: now + 2 });
  expect(await issue({ issuedFrom: now + 3 }, issuedFromOf)).toMatchObject({ iat: now + 3 });
  expect(await issue({}, () => 0)).toMatchObject({ iat: now });
});
