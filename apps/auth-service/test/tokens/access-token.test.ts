import { forThisFile, secondsSince } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { bearer, decode, refresh, register, signIn, startAuthApp, testIssuer } from '../support/auth-app.ts';

const auth = await forThisFile(startAuthApp());

test('an access token has the header and the claims of RFC 9068, and lives 300 seconds', async () => {
  const startMs = Date.now();
  const username = await register(auth.app);
  const { access_token, expires_in, session_id, scope } = await signIn(auth.app, username);
  const account = await auth.app.inject({ url: '/account', headers: bearer(access_token) });
  const { header, claims } = decode(access_token);

  expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{43}$/) });
  expect(claims).toEqual({
    iss: testIssuer,
    sub: account.json().id,
    aud: ['cart-service', 'wishlist-service', 'payment-service', 'auth-service'],
    client_id: 'latchkey-cli',
    scope,
    sid: session_id,
    jti: expect.stringMatching(/^[\w-]{22}$/),
    iat: secondsSince(startMs),
    exp: secondsSince(startMs, 300),
    auth_time: secondsSince(startMs),
    acr: expect.any(String),
  });
  expect(expires_in).toBe(300);
});

test('nothing about the person is in it: no name, nothing that a name could be found by', async () => {
  const username = await register(auth.app);
  const { access_token } = await signIn(auth.app, username, { device_name: 'Kitchen tablet' });
  const { header, claims } = decode(access_token);
  expect(JSON.stringify({ header, claims })).not.toMatch(new RegExp(`${username}|Kitchen|198\\.18\\.`, 'i'));
});

test('the token of a browser, with all that a customer may do, stays under 1.2 KB', async () => {
  const { access_token } = await signIn(auth.app, await register(auth.app));
  expect(access_token.length).toBeLessThan(1200);
});

test('a session that asked for less is good at fewer services', async () => {
  const username = await register(auth.app);
  const { access_token, scope } = await signIn(auth.app, username, { scope: 'cart:read' });
  expect(scope).toBe('cart:read');
  expect(decode(access_token).claims).toMatchObject({
    scope: 'cart:read',
    aud: ['cart-service', 'auth-service'],
  });
});

test('no two tokens have the same jti', async () => {
  const username = await register(auth.app);
  const tokens = await Promise.all([signIn(auth.app, username), signIn(auth.app, username)]);
  expect(new Set(tokens.map((token) => decode(token.access_token).claims['jti'])).size).toBe(2);
});

test('a token does not outlive its session, because ending all sessions of a person would miss it', async () => {
  const short = await startAuthApp({ env: { SESSION_SECONDS: '60' } });
  try {
    const first = await signIn(short.app, await register(short.app));
    const again = (await refresh(short.app, first.refresh_token)).json();
    for (const { access_token, expires_in } of [first, again]) {
      const { exp } = decode(access_token).claims;
      expect(expires_in).toBeLessThanOrEqual(61);
      expect(Number(exp)).toBeLessThanOrEqual(Date.now() / 1000 + 61);
    }
  } finally {
    await short.stop();
  }
});
