import { forThisFile, secondsSince } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { bearer, decode, postToken, startAuthApp, testIssuer } from '../../support/auth-app.ts';
import { startServices } from '../../support/services.ts';

const services = await forThisFile(startServices(['payment-service', 'shipping-service']));
const cart = 'https://cart.example';
const auth = await forThisFile(
  startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris, RESOURCE_URLS: `cart-service=${cart}` } }),
);

const ask = (name: string, parameters: Record<string, string> = {}) =>
  postToken(auth.app, { grant_type: 'client_credentials', ...services.credentials(name), ...parameters });

test('a service gets a token in its own name: no person, no session, no refresh token', async () => {
  const startMs = Date.now();
  const answer = await ask('payment-service');
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  const body = answer.json();
  expect(body).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'revocations:read',
  });
  const { header, claims } = decode(body.access_token);
  expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
  expect(claims).toEqual({
    iss: testIssuer,
    sub: 'payment-service',
    aud: ['auth-service'],
    client_id: 'payment-service',
    scope: 'revocations:read',
    jti: expect.stringMatching(/^[\w-]{22}$/),
    iat: secondsSince(startMs),
    exp: secondsSince(startMs, 300),
  });
});

test('it opens no route for people', async () => {
  const { access_token } = (await ask('payment-service')).json();
  for (const [method, url] of [
    ['GET', '/account'],
    ['GET', '/sessions'],
    ['DELETE', '/sessions'],
    ['DELETE', '/sessions/current'],
    ['POST', '/sessions/current/reauthentication'],
    ['GET', '/keys'],
  ] as const) {
    const payload = method === 'POST' ? { password: 'x' } : undefined;
    const answer = await auth.app.inject({
      method,
      url,
      headers: bearer(access_token),
      ...(payload && { payload }),
    });
    expect([url, answer.statusCode]).toEqual([url, 403]);
  }
});

test.each([
  ['a scope that it has', 'payment-service', { scope: 'revocations:read' }, 200, undefined],
  ['a scope of people', 'payment-service', { scope: 'revocations:read cart:read' }, 400, 'invalid_scope'],
  [
    'a scope that exists for an actor alone',
    'payment-service',
    { scope: 'cart:checkout' },
    400,
    'invalid_scope',
  ],
  ['a malformed scope', 'payment-service', { scope: 'a  b' }, 400, 'invalid_scope'],
  ['a service at which it has no scope', 'payment-service', { resource: cart }, 400, 'invalid_target'],
  ['a URL of no service', 'payment-service', { resource: 'https://no.example' }, 400, 'invalid_target'],
  ['a service that the policy does not know', 'shipping-service', {}, 400, 'unauthorized_client'],
])('%s', async (_what, name, parameters, status, error) => {
  const answer = await ask(name, parameters as Record<string, string>);
  expect([answer.statusCode, answer.json().error]).toEqual([status, error]);
});

test.each(['storefront', 'latchkey-cli'])(
  '%s, in which people sign in, gets no token in its own name',
  async (client_id) => {
    const answer = await postToken(auth.app, { grant_type: 'client_credentials', client_id });
    expect([answer.statusCode, answer.json().error]).toEqual([400, 'unauthorized_client']);
  },
);
