import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { bearer, postToken, register, signIn, startAuthApp } from '../../support/auth-app.ts';
import { accessTokenType, tokenExchange } from '../../support/services.ts';
import { startExchange } from './exchange-fixture.ts';

const auth = await forThisFile(startExchange());

describe('a subject token that is no good is invalid_grant', () => {
  const tampered = (token: string) => token.replace(/\.[\w-]{10}/, '.eyJzdWIiOi');

  test.each<[string, () => Promise<string>]>([
    ['a changed one', async () => tampered((await auth.session()).access_token)],
    ['one for another audience', async () => (await auth.session({ scope: 'cart:read' })).access_token],
    ['a refresh token', async () => (await auth.session()).refresh_token],
    ['a client assertion', async () => auth.services.assertion('payment-service')],
    ['nothing of a token', async () => 'nothing of a token'],
    ['one longer than any', async () => `${(await auth.session()).access_token}${'x'.repeat(9000)}`],
    [
      'an expired one',
      async () => {
        auth.clock.offsetMs = -301_000;
        const { access_token } = await auth.session();
        auth.clock.offsetMs = 0;
        return access_token;
      },
    ],
    [
      'one whose session has ended',
      async () => {
        const { access_token } = await auth.session();
        await auth.app.inject({ method: 'DELETE', url: '/sessions/current', headers: bearer(access_token) });
        return access_token;
      },
    ],
    [
      'one from before a change of roles, however little',
      async () => {
        const { access_token } = await auth.session();
        await auth.changeRoles(access_token, ['viewer']);
        return access_token;
      },
    ],
    [
      'one whose session was ended by a stolen refresh token',
      async () => {
        const { access_token, refresh_token } = await auth.session();
        const refresh = { grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token };
        await postToken(auth.app, refresh);
        auth.clock.offsetMs = 10_001;
        await postToken(auth.app, refresh);
        auth.clock.offsetMs = 0;
        return access_token;
      },
    ],
    [
      'a service’s own',
      async () => {
        const own = { grant_type: 'client_credentials', ...auth.services.credentials('payment-service') };
        return (await postToken(auth.app, own)).json().access_token;
      },
    ],
  ])('%s', async (_what, makeToken) => {
    const token = await makeToken();
    const answer = await auth.exchange('payment-service', token);
    expect(answer.json()).toEqual({ error: 'invalid_grant', error_description: expect.any(String) });
    expect(answer.statusCode).toBe(400);
    // No part of the token is logged, except a refresh token's session id, which logs need.
    const pieces = token.replace(/^rt1\.\w+\.[\w-]+/, '').match(/[\w-]{20}/g) ?? [token];
    expect(pieces.filter((piece) => auth.logs().includes(piece))).toEqual([]);
  });

  test('a session that reached its absolute expiry', async () => {
    auth.clock.offsetMs = -3_600_000;
    const short = await startAuthApp({
      env: { SERVICE_JWKS_URIS: auth.services.jwksUris, SESSION_SECONDS: '60' },
      clock: () => Date.now() + auth.clock.offsetMs,
    });
    try {
      auth.clock.offsetMs = -61_000;
      const { access_token } = await signIn(short.app, await register(short.app));
      auth.clock.offsetMs = 0;
      const answer = await postToken(short.app, {
        grant_type: tokenExchange,
        subject_token: access_token,
        subject_token_type: accessTokenType,
        audience: 'cart-service',
        ...auth.services.credentials('payment-service'),
      });
      expect(answer.json().error).toBe('invalid_grant');
    } finally {
      await short.stop();
    }
  });
});

test.each(['latchkey-cli', 'storefront'])('%s acts for nobody: unauthorized_client', async (client_id) => {
  const answer = await postToken(auth.app, {
    grant_type: tokenExchange,
    subject_token: (await auth.session()).access_token,
    subject_token_type: accessTokenType,
    audience: 'cart-service',
    client_id,
  });
  expect([answer.statusCode, answer.json().error]).toEqual([400, 'unauthorized_client']);
});

test('a service that does not authenticate gets nothing, however good the subject token', async () => {
  const answer = await auth.exchange('payment-service', (await auth.session()).access_token, {
    client_assertion: auth.services.assertion('wishlist-service'),
  });
  expect([answer.statusCode, answer.json().error]).toEqual([401, 'invalid_client']);
});
