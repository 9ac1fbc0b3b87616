import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type AuthApp,
  bearer,
  decode,
  from,
  PASSWORD,
  postToken,
  refresh,
  register,
  STOREFRONT_ORIGIN,
  signIn,
  startAuthApp,
  type Tokens,
} from '../../support/auth-app.ts';
import { openDatabase, WITHIN } from '../../support/operator.ts';
import {
  ACCESS_TOKEN_TYPE,
  startServices,
  type TestServices,
  TOKEN_EXCHANGE,
} from '../../support/services.ts';

let services: TestServices;
let auth: AuthApp;
beforeAll(async () => {
  services = await startServices(['payment-service', 'cart-service']);
  auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris }, durableRedis: true });
});
afterAll(async () => {
  await auth.stop();
  await services.close();
});

function revoke(parameters: Record<string, string>, headers: Record<string, string> = {}, app = auth.app) {
  return app.inject({
    method: 'POST',
    url: '/revoke',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(parameters).toString(),
  });
}

const byCli = (token: string, parameters: Record<string, string> = {}) =>
  revoke({ client_id: 'latchkey-cli', token, ...parameters });

const session = async (): Promise<Tokens> => signIn(auth.app, await register(auth.app));
const whoAmI = (token: string) => auth.app.inject({ url: '/account', headers: bearer(token) });

/** What every token that was taken, or could not be, is answered with. */
function expectAnswered(answer: Awaited<ReturnType<typeof revoke>>): void {
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toBe('');
  expect(answer.headers['cache-control']).toBe('no-store');
}

describe('a refresh token that is given back', () => {
  test('ends its session: no refresh any more, and its access tokens are refused', async () => {
    const { access_token: token, refresh_token: refreshToken } = await session();
    expectAnswered(await byCli(refreshToken));
    expect((await refresh(auth.app, refreshToken)).json()).toMatchObject({ error: 'invalid_grant' });
    const refused = async () => (await whoAmI(token)).json().reason;
    await expect.poll(refused, WITHIN).toBe('token_revoked');
    // Once more is no error, and nothing more happens.
    expectAnswered(await byCli(refreshToken));
  });

  test('ends it also when it has been replaced by a refresh since', async () => {
    const first = await session();
    const second = (await refresh(auth.app, first.refresh_token)).json<Tokens>();
    expectAnswered(await byCli(first.refresh_token));
    expect((await refresh(auth.app, second.refresh_token)).statusCode).toBe(400);
  });

  test('is taken for what it is, whatever the hint says (RFC 7009 §2.1)', async () => {
    for (const hint of ['refresh_token', 'access_token', 'something_else', 'x'.repeat(2000)]) {
      const { refresh_token: refreshToken } = await session();
      expectAnswered(await byCli(refreshToken, { token_type_hint: hint }));
      expect((await refresh(auth.app, refreshToken)).statusCode).toBe(400);
    }
  });

  test('is in the audit log, once', async () => {
    const database = openDatabase(auth);
    const { access_token: token, refresh_token: refreshToken, session_id: sessionId } = await session();
    await byCli(refreshToken);
    await byCli(refreshToken);
    const subject = String(decode(token).claims['sub']);
    const recorded = async () =>
      (await database.eventsOf(subject)).filter(({ event }) => event === 'session.ended');
    await expect
      .poll(recorded, WITHIN)
      .toMatchObject([{ sessionId, clientId: 'latchkey-cli', details: { reason: 'token_revoked' } }]);
    await database.close();
  });
});

describe('an access token that is given back', () => {
  test('dies alone: its session goes on', async () => {
    const { access_token: token, refresh_token: refreshToken } = await session();
    const other = (await refresh(auth.app, refreshToken)).json<Tokens>();
    expectAnswered(await byCli(token));
    const refused = await whoAmI(token);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toMatchObject({ code: 'invalid_token', reason: 'token_revoked' });
    expect((await whoAmI(other.access_token)).statusCode).toBe(200);
    expect((await refresh(auth.app, other.refresh_token)).statusCode).toBe(200);
    expectAnswered(await byCli(token));
  });

  test('dies at other replicas too', async () => {
    const replica = await auth.startReplica();
    const { access_token: token } = await session();
    const ask = async () => (await replica.inject({ url: '/account', headers: bearer(token) })).json().reason;
    expect(await ask()).toBeUndefined();
    expectAnswered(await byCli(token));
    await expect.poll(ask, WITHIN).toBe('token_revoked');
  });

  test('of a browser, which never sees its refresh token, is taken from anywhere', async () => {
    const username = await register(auth.app);
    const signedIn = await auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'storefront', username, password: PASSWORD },
      headers: { ...from(username), origin: STOREFRONT_ORIGIN },
    });
    const token = signedIn.json().access_token;
    expectAnswered(await revoke({ client_id: 'storefront', token }));
    expect((await whoAmI(token)).statusCode).toBe(401);
  });

  test('of a service: its own, and one that it exchanged', async () => {
    const { access_token: persons } = await session();
    const credentials = () => services.credentials('payment-service');
    const own = (await postToken(auth.app, { grant_type: 'client_credentials', ...credentials() })).json()
      .access_token;
    const exchanged = (
      await postToken(auth.app, {
        grant_type: TOKEN_EXCHANGE,
        subject_token: persons,
        subject_token_type: ACCESS_TOKEN_TYPE,
        audience: 'cart-service',
        ...credentials(),
      })
    ).json().access_token;
    expect(await isActiveAtCart(exchanged)).toBe(true);
    for (const token of [own, exchanged]) expectAnswered(await revoke({ token, ...credentials() }));
    expect(await isActiveAtCart(exchanged)).toBe(false);
    expect((await whoAmI(own)).json()).toMatchObject({ reason: 'token_revoked' });
    // The person's own token is not the service's to give back, and is as good as before.
    expectAnswered(await revoke({ token: persons, ...credentials() }));
    expect((await whoAmI(persons)).statusCode).toBe(200);
  });

  async function isActiveAtCart(token: string): Promise<boolean> {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/introspect',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ token, ...services.credentials('cart-service') }).toString(),
    });
    return answer.json().active;
  }

  test('is in the audit log by its id, and not itself', async () => {
    const { access_token: token } = await session();
    await byCli(token);
    const { jti } = decode(token).claims;
    const line = auth
      .logs()
      .split('\n')
      .find((text) => text.includes('audit token.revoked') && text.includes(String(jti)));
    expect(JSON.parse(line ?? '{}').audit).toMatchObject({
      event: 'token.revoked',
      clientId: 'latchkey-cli',
      details: { token_id: jti },
    });
    expect(auth.logs()).not.toContain(token.split('.')[2]);
  });
});

describe('answered the same, and without any effect:', () => {
  const changed = (token: string) => `${token.slice(0, -10)}AAAAAAAAAA`;

  test.each<[string, (own: Tokens) => Record<string, string> | Promise<Record<string, string>>]>([
    ['another client’s refresh token', ({ refresh_token: token }) => ({ client_id: 'storefront', token })],
    ['another client’s access token', ({ access_token: token }) => ({ client_id: 'storefront', token })],
    [
      'a service’s try at a person’s refresh token',
      ({ refresh_token: token }) => ({ ...services.credentials('payment-service'), token }),
    ],
    [
      'a refresh token with a changed MAC',
      ({ refresh_token: token }) => ({ client_id: 'latchkey-cli', token: changed(token) }),
    ],
    [
      'an access token with a changed signature',
      ({ access_token: token }) => ({ client_id: 'latchkey-cli', token: changed(token) }),
    ],
    ['any text', () => ({ client_id: 'latchkey-cli', token: 'x' })],
    ['spaces and line feeds', () => ({ client_id: 'latchkey-cli', token: ' \r\n' })],
    ['a text of 60,000 characters', () => ({ client_id: 'latchkey-cli', token: 'x'.repeat(60_000) })],
    [
      'a JWT of somebody else that says nothing of its type',
      () => ({ client_id: 'latchkey-cli', token: `${Buffer.from('{}').toString('base64url')}.e30.AAAA` }),
    ],
  ])('%s', async (_what, parameters) => {
    const own = await session();
    expectAnswered(await revoke(await parameters(own)));
    expect((await whoAmI(own.access_token)).statusCode).toBe(200);
    expect((await refresh(auth.app, own.refresh_token)).statusCode).toBe(200);
  });
});

describe('refused', () => {
  const typed = (typ: string) =>
    `${Buffer.from(JSON.stringify({ alg: 'RS256', typ })).toString('base64url')}.e30.AAAA`;
  const secret = `Basic ${Buffer.from('payment-service:hunter2').toString('base64')}`;

  test.each<[string, () => Record<string, string>, Record<string, string>, number, string]>([
    ['no client', () => ({ token: 'x' }), {}, 401, 'invalid_client'],
    ['an unknown client', () => ({ client_id: 'nobody', token: 'x' }), {}, 401, 'invalid_client'],
    [
      'a service without proof',
      () => ({ client_id: 'payment-service', token: 'x' }),
      {},
      401,
      'invalid_client',
    ],
    [
      'a service with the proof of another',
      () => ({ ...services.credentials('cart-service'), client_id: 'payment-service', token: 'x' }),
      {},
      401,
      'invalid_client',
    ],
    [
      'a secret',
      () => ({ client_id: 'payment-service', token: 'x' }),
      { authorization: secret },
      401,
      'invalid_client',
    ],
    ['no token', () => ({ client_id: 'latchkey-cli' }), {}, 400, 'invalid_request'],
    ['an empty token', () => ({ client_id: 'latchkey-cli', token: '' }), {}, 400, 'invalid_request'],
    [
      'a security event',
      () => ({ client_id: 'latchkey-cli', token: typed('secevent+jwt') }),
      {},
      400,
      'unsupported_token_type',
    ],
    [
      'an ID token',
      () => ({ client_id: 'latchkey-cli', token: typed('JWT') }),
      {},
      400,
      'unsupported_token_type',
    ],
    [
      'JSON',
      () => ({ client_id: 'latchkey-cli', token: 'x' }),
      { 'content-type': 'application/json' },
      400,
      'invalid_request',
    ],
  ])('%s', async (_what, parameters, headers, status, error) => {
    const answer = await revoke(parameters(), headers);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({ error, error_description: expect.any(String) });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['www-authenticate'] !== undefined).toBe('authorization' in headers);
  });

  test('a token that stands twice', async () => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/revoke',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'client_id=latchkey-cli&token=a&token=b',
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toBe('invalid_request');
  });

  test.each<[string, Record<string, unknown>, number]>([
    ['a body of 2 MB', { payload: `client_id=latchkey-cli&token=${'x'.repeat(2_000_000)}` }, 413],
    ['XML', { payload: '<token/>', headers: { 'content-type': 'application/xml' } }, 415],
    ['no body', {}, 400],
    ['GET', { method: 'GET' }, 405],
  ])('%s', async (_what, request, status) => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/revoke',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...request,
    });
    expect(answer.statusCode).toBe(status);
  });
});

test('without Redis the answer is 503, and both kinds of token are as good as before', async () => {
  const { access_token: token, refresh_token: refreshToken } = await session();
  await auth.redis.kill();
  for (const given of [token, refreshToken]) {
    const answer = await byCli(given);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
  }
  await auth.redis.restart();
  await expect.poll(async () => (await refresh(auth.app, refreshToken)).statusCode, WITHIN).toBe(200);
  expect((await whoAmI(token)).statusCode).toBe(200);
});
