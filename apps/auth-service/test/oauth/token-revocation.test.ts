import { createProver, type Prover } from '@latchkey/auth-client/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import {
  decode,
  from,
  postToken,
  refresh,
  register,
  storefrontOrigin,
  type Tokens,
  testIssuer,
  testPassword,
  whoAmI,
} from '../support/auth-app.ts';
import { openDatabase } from '../support/operator.ts';
import { accessTokenType, isActiveAtCart, tokenExchange } from '../support/services.ts';
import { expectAnswered, startTokenRevocation } from './token-revocation-fixture.ts';

const auth = await forThisFile(startTokenRevocation());

const byCli = (token: string, parameters: Record<string, string> = {}) =>
  auth.revoke({ client_id: 'latchkey-cli', token, ...parameters });

describe('a refresh token that its client revokes', () => {
  test('ends its session: no refresh any more, and its access tokens are refused', async () => {
    const { access_token: token, refresh_token: refreshToken } = await auth.session();
    expectAnswered(await byCli(refreshToken));
    expect((await refresh(auth.app, refreshToken)).json()).toMatchObject({ error: 'invalid_grant' });
    const refused = async () => (await whoAmI(auth.app, token)).json().reason;
    await eventually('the token is refused as revoked', async () =>
      expect(await refused()).toBe('token_revoked'),
    );
    // Revoking again is no error and has no further effect.
    expectAnswered(await byCli(refreshToken));
  });

  test('ends it also when it has been replaced by a refresh since', async () => {
    const first = await auth.session();
    const second = (await refresh(auth.app, first.refresh_token)).json<Tokens>();
    expectAnswered(await byCli(first.refresh_token));
    expect((await refresh(auth.app, second.refresh_token)).statusCode).toBe(400);
  });

  test('is recognized, whatever the hint says (RFC 7009 §2.1)', async () => {
    for (const hint of ['refresh_token', 'access_token', 'something_else', 'x'.repeat(2000)]) {
      const { refresh_token: refreshToken } = await auth.session();
      expectAnswered(await byCli(refreshToken, { token_type_hint: hint }));
      expect((await refresh(auth.app, refreshToken)).statusCode).toBe(400);
    }
  });

  test('is in the audit log, once', async () => {
    const database = openDatabase(auth);
    const { access_token: token, refresh_token: refreshToken, session_id: sessionId } = await auth.session();
    await byCli(refreshToken);
    await byCli(refreshToken);
    const subject = String(decode(token).claims['sub']);
    const recorded = async () =>
      (await database.eventsOf(subject)).filter(({ event }) => event === 'session.ended');
    await eventually('the end of the session is recorded', async () =>
      expect(await recorded()).toMatchObject([
        { sessionId, clientId: 'latchkey-cli', details: { reason: 'token_revoked' } },
      ]),
    );
    await database.close();
  });
});

test('pages of any origin may read the answers of OAuth’s endpoints, without cookies', async () => {
  const ask = (url: string) =>
    auth.app.inject({ method: 'POST', url, headers: { origin: 'https://partner.example' }, payload: {} });
  for (const url of ['/token', '/revoke']) {
    const { headers } = await ask(url);
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  }
  for (const url of ['/sessions', '/sessions/refresh', '/introspect'])
    expect((await ask(url)).headers['access-control-allow-origin']).toBeUndefined();
});

test('a token that is bound to a key is revoked with that key alone', async () => {
  const key = createProver();
  const username = await register(auth.app);
  const prove = (by: Prover, path: string) => by.prove({ method: 'POST', url: `${testIssuer}${path}` });
  const signedIn = await auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username, password: testPassword },
    headers: { ...from(username), dpop: prove(key, '/sessions') },
  });
  const { refresh_token: token, access_token: accessToken } = signedIn.json<Tokens>();
  const revoke = (revoked: string, by?: Prover) =>
    auth.app.inject({
      method: 'POST',
      url: '/revoke',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(by && { dpop: prove(by, '/revoke') }),
      },
      payload: new URLSearchParams({ client_id: 'latchkey-cli', token: revoked }).toString(),
    });
  for (const stolen of [token, accessToken])
    for (const by of [undefined, createProver()])
      expect((await revoke(stolen, by)).json().error).toBe('invalid_dpop_proof');
  const url = `${testIssuer}/account`;
  const ask = () =>
    auth.app.inject({
      url: '/account',
      headers: {
        authorization: `DPoP ${accessToken}`,
        dpop: key.prove({ method: 'GET', url, accessToken }),
      },
    });
  expect((await ask()).statusCode).toBe(200);
  expect((await revoke(token, key)).statusCode).toBe(200);
  await eventually('the session has ended', async () => expect((await ask()).statusCode).toBe(401));
});

describe('an access token that its client revokes', () => {
  test('dies alone: its session goes on', async () => {
    const { access_token: token, refresh_token: refreshToken } = await auth.session();
    const other = (await refresh(auth.app, refreshToken)).json<Tokens>();
    expectAnswered(await byCli(token));
    const refused = await whoAmI(auth.app, token);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toMatchObject({ code: 'invalid_token', reason: 'token_revoked' });
    expect((await whoAmI(auth.app, other.access_token)).statusCode).toBe(200);
    expect((await refresh(auth.app, other.refresh_token)).statusCode).toBe(200);
    expectAnswered(await byCli(token));
  });

  test('dies at other replicas too', async () => {
    const replica = await auth.startReplica();
    const { access_token: token } = await auth.session();
    const ask = async () => (await whoAmI(replica, token)).json().reason;
    expect(await ask()).toBeUndefined();
    expectAnswered(await byCli(token));
    await eventually('the token is refused as revoked everywhere', async () =>
      expect(await ask()).toBe('token_revoked'),
    );
  });

  test('of a browser, which never sees its refresh token, may be revoked without an Origin header', async () => {
    const username = await register(auth.app);
    const signedIn = await auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'storefront', username, password: testPassword },
      headers: { ...from(username), origin: storefrontOrigin },
    });
    const token = signedIn.json().access_token;
    expectAnswered(await auth.revoke({ client_id: 'storefront', token }));
    expect((await whoAmI(auth.app, token)).statusCode).toBe(401);
  });

  test('of a service: its own, and one that it exchanged', async () => {
    const { access_token: persons } = await auth.session();
    const credentials = () => auth.services.credentials('payment-service');
    const own = (await postToken(auth.app, { grant_type: 'client_credentials', ...credentials() })).json()
      .access_token;
    const exchanged = (
      await postToken(auth.app, {
        grant_type: tokenExchange,
        subject_token: persons,
        subject_token_type: accessTokenType,
        audience: 'cart-service',
        ...credentials(),
      })
    ).json().access_token;
    expect(await isActiveAtCart(auth, exchanged)).toBe(true);
    for (const token of [own, exchanged]) expectAnswered(await auth.revoke({ token, ...credentials() }));
    expect(await isActiveAtCart(auth, exchanged)).toBe(false);
    expect((await whoAmI(auth.app, own)).json()).toMatchObject({ reason: 'token_revoked' });
    // The service may not revoke the person's own token, which stays valid.
    expectAnswered(await auth.revoke({ token: persons, ...credentials() }));
    expect((await whoAmI(auth.app, persons)).statusCode).toBe(200);
  });

  test('is in the audit log by its id, without the token itself', async () => {
    const { access_token: token } = await auth.session();
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

test('without Redis the answer is 503, and both kinds of token are as good as before', async () => {
  const { access_token: token, refresh_token: refreshToken } = await auth.session();
  await auth.redis.kill();
  for (const given of [token, refreshToken]) {
    const answer = await byCli(given);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
  }
  await auth.redis.restart();
  await eventually('the token is refreshed once the store is back', async () =>
    expect((await refresh(auth.app, refreshToken)).statusCode).toBe(200),
  );
  expect((await whoAmI(auth.app, token)).statusCode).toBe(200);
});
