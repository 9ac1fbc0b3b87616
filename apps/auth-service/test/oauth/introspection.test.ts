import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { connectRedis } from '../../src/redis/connection.ts';
import { sessionKey } from '../../src/redis/key-names.ts';
import {
  bearer,
  decode,
  postToken,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
  testIssuer,
} from '../support/auth-app.ts';
import { createPerson, openDatabase } from '../support/operator.ts';
import { accessTokenType, startServices, tokenExchange } from '../support/services.ts';

let offsetMs = 0;
const services = await forThisFile(startServices(['payment-service', 'cart-service', 'wishlist-service']));
const auth = await forThisFile(
  startAuthApp({
    env: { SERVICE_JWKS_URIS: services.jwksUris, SESSION_SECONDS: '60' },
    durableRedis: true,
    clock: () => Date.now() + offsetMs,
  }),
);
// Introspection answers only while auth-service follows the log.
const expectReady = async () => expect((await auth.app.inject('/ready')).statusCode).toBe(200);
await eventually('every service is ready', expectReady);

function post(parameters: Record<string, string>, headers: Record<string, string> = {}) {
  return auth.app.inject({
    method: 'POST',
    url: '/introspect',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(parameters).toString(),
  });
}

const introspect = (service: string, token: string, parameters: Record<string, string> = {}) =>
  post({ token, ...services.credentials(service), ...parameters });

const session = async (body = {}): Promise<Tokens> => signIn(auth.app, await register(auth.app), body);

async function exchanged(token: string): Promise<string> {
  const answer = await postToken(auth.app, {
    grant_type: tokenExchange,
    subject_token: token,
    subject_token_type: accessTokenType,
    audience: 'cart-service',
    ...services.credentials('payment-service'),
  });
  return answer.json().access_token;
}

async function expectInactive(answer: Promise<Awaited<ReturnType<typeof post>>>): Promise<void> {
  const { statusCode, body, headers } = await answer;
  expect(statusCode).toBe(200);
  expect(body).toBe('{"active":false}');
  expect(headers['cache-control']).toBe('no-store');
}

describe('active', () => {
  test('is a person’s token, at a service that it is for, and all its claims are returned', async () => {
    const { access_token: token, session_id: sid } = await session();
    const answer = await introspect('cart-service', token);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { claims } = decode(token);
    expect(answer.json()).toEqual({ ...claims, active: true, token_type: 'Bearer', sid });
    expect(Object.keys(claims).sort()).toEqual(
      ['acr', 'aud', 'auth_time', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'sub'].sort(),
    );
  });

  test('is an exchanged one, and its actor is returned', async () => {
    const { access_token: token, session_id: sid } = await session();
    const answer = await introspect('cart-service', await exchanged(token));
    expect(answer.json()).toMatchObject({
      active: true,
      iss: testIssuer,
      aud: ['cart-service'],
      client_id: 'payment-service',
      sub: decode(token).claims['sub'],
      sid,
      act: { sub: 'payment-service' },
    });
  });

  test('is a token whatever the hint says', async () => {
    const { access_token: token } = await session();
    for (const hint of ['access_token', 'refresh_token', 'something_else', 'x'.repeat(2000)])
      expect((await introspect('cart-service', token, { token_type_hint: hint })).json().active).toBe(true);
  });

  test('is a token of a session that has been refreshed since', async () => {
    const { access_token: token, refresh_token: refreshToken } = await session();
    await refresh(auth.app, refreshToken);
    expect((await introspect('cart-service', token)).json().active).toBe(true);
  });
});

describe('not active, and nothing else is said', () => {
  test('for a service that the token is not for', async () => {
    const { access_token: token } = await session({ scope: 'cart:read' });
    await expectInactive(introspect('payment-service', token));
    await expectInactive(introspect('wishlist-service', await exchanged((await session()).access_token)));
    expect((await introspect('cart-service', token)).json().active).toBe(true);
  });

  test('a refresh token', async () => {
    const { refresh_token: token } = await session();
    await expectInactive(introspect('cart-service', token));
    await expectInactive(introspect('cart-service', token, { token_type_hint: 'refresh_token' }));
  });

  test('a service’s own token, which is for auth-service', async () => {
    const own = await postToken(auth.app, {
      grant_type: 'client_credentials',
      ...services.credentials('payment-service'),
    });
    await expectInactive(introspect('payment-service', own.json().access_token));
  });

  test('a client assertion', async () => {
    await expectInactive(introspect('cart-service', services.assertion('cart-service')));
  });

  test.each<[string, (token: string) => string]>([
    ['a token with a changed signature', (token) => `${token.slice(0, -10)}AAAAAAAAAA`],
    ['a token with a changed payload', (token) => token.replace(/\.(.{30})./, '.$1A')],
    ['a token with a line feed behind it', (token) => `${token}\n`],
    ['a token of which a part is missing', (token) => token.split('.').slice(0, 2).join('.')],
    ['any text', () => 'x'],
    ['a text of 60,000 characters', () => 'x'.repeat(60_000)],
    ['dots', () => '..'],
  ])('%s', async (_what, change) => {
    const { access_token: token } = await session();
    await expectInactive(introspect('cart-service', change(token)));
  });

  test('a token of a session that was signed out, at once, and a token that was exchanged for it', async () => {
    const { access_token: token } = await session();
    const further = await exchanged(token);
    await auth.app.inject({ method: 'DELETE', url: '/sessions/current', headers: bearer(token) });
    await expectInactive(introspect('cart-service', token));
    await expectInactive(introspect('cart-service', further));
  });

  test('a token of a session that has come to its end', async () => {
    const { access_token: token } = await session();
    expect((await introspect('cart-service', token)).json().active).toBe(true);
    offsetMs = 61_000;
    await expectInactive(introspect('cart-service', token));
    offsetMs = 0;
  });

  test('a token that its client revoked, at once', async () => {
    const { access_token: token } = await session();
    await auth.app.inject({
      method: 'POST',
      url: '/revoke',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ token, client_id: 'latchkey-cli' }).toString(),
    });
    await expectInactive(introspect('cart-service', token));
  });

  test('a token from before a change of roles, unlike that of the next refresh', async () => {
    const database = openDatabase(auth);
    const person = await createPerson(auth);
    const operator = await createPerson(auth);
    await database.change(operator.id, { roles: ['admin'] });
    const { access_token: admin } = await signIn(auth.app, operator.username);
    const answer = await auth.app.inject({
      method: 'PUT',
      url: `/accounts/${person.id}/roles`,
      headers: bearer(admin),
      payload: { roles: ['viewer'] },
    });
    expect(answer.statusCode).toBe(200);
    await expectInactive(introspect('cart-service', person.access_token));
    const refreshed = (await refresh(auth.app, person.refresh_token)).json<Tokens>();
    expect((await introspect('cart-service', refreshed.access_token)).json()).toMatchObject({
      active: true,
      scope: 'cart:read wishlist:read payment:read',
    });
    await database.close();
  });
});

test('a token is active although its session was changed by a clock that was far ahead', async () => {
  const { access_token: token, session_id: sid } = await session();
  const redis = connectRedis({ url: auth.redis.url, onError: () => {} });
  // As change-roles.lua wrote it then. Services have forgotten the revocation, and take the token.
  await redis.hset(sessionKey(sid), 'n', Math.floor(Date.now() / 1000) + 3600);
  redis.disconnect();
  expect((await introspect('cart-service', token)).json()).toMatchObject({ active: true });
});

describe('refused', () => {
  const secret = `Basic ${Buffer.from('cart-service:hunter2').toString('base64')}`;

  test.each<[string, () => Record<string, string>, Record<string, string>, number, string]>([
    ['no client', () => ({ token: 'x' }), {}, 401, 'invalid_client'],
    [
      'a client in which people sign in',
      () => ({ client_id: 'latchkey-cli', token: 'x' }),
      {},
      401,
      'invalid_client',
    ],
    ['a browser’s client', () => ({ client_id: 'storefront', token: 'x' }), {}, 401, 'invalid_client'],
    ['a service without proof', () => ({ client_id: 'cart-service', token: 'x' }), {}, 401, 'invalid_client'],
    [
      'a service with the proof of another',
      () => ({ ...services.credentials('payment-service'), client_id: 'cart-service', token: 'x' }),
      {},
      401,
      'invalid_client',
    ],
    [
      'a secret',
      () => ({ client_id: 'cart-service', token: 'x' }),
      { authorization: secret },
      401,
      'invalid_client',
    ],
    ['no token', () => services.credentials('cart-service'), {}, 400, 'invalid_request'],
    [
      'JSON',
      () => ({ ...services.credentials('cart-service'), token: 'x' }),
      { 'content-type': 'application/json' },
      400,
      'invalid_request',
    ],
  ])('%s', async (_what, parameters, headers, status, error) => {
    const answer = await post(parameters(), headers);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({ error, error_description: expect.any(String) });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('an assertion that was used', async () => {
    const credentials = services.credentials('cart-service');
    expect((await post({ token: 'x', ...credentials })).statusCode).toBe(200);
    expect((await post({ token: 'x', ...credentials })).statusCode).toBe(401);
  });

  test.each<[string, Record<string, unknown>, number]>([
    ['a body of 2 MB', { payload: `token=${'x'.repeat(2_000_000)}` }, 413],
    ['XML', { payload: '<token/>', headers: { 'content-type': 'application/xml' } }, 400],
    ['a token in the URL', { method: 'GET', url: '/introspect?token=x' }, 405],
  ])('%s', async (_what, request, status) => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/introspect',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...request,
    });
    expect(answer.statusCode).toBe(status);
  });
});

test('without Redis no token is called active or inactive: the answer is 503', async () => {
  const { access_token: token } = await session();
  await auth.redis.kill();
  for (const asked of [token, 'x']) {
    const answer = await introspect('cart-service', asked);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(answer.json()).not.toHaveProperty('active');
  }
  await auth.redis.restart();
  const isActive = async () => (await introspect('cart-service', token)).json().active;
  await eventually('the token is active again', async () => expect(await isActive()).toBe(true));
});
