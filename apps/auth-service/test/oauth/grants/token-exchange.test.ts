import { exchangeCases } from '@latchkey/auth-client/test/exchanges';
import { forThisFile, secondsSince } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { sessionKey } from '../../../src/redis/key-names.ts';
import { connect } from '../../sessions/session-fixture.ts';
import { bearer, decode, postToken, refresh, type Tokens, testIssuer } from '../../support/auth-app.ts';
import { accessTokenType, tokenExchange } from '../../support/services.ts';
import { startExchange } from './exchange-fixture.ts';

const auth = await forThisFile(startExchange());

function auditOf(event: string, sessionId: string): Record<string, unknown>[] {
  return auth
    .logs()
    .split('\n')
    .filter((line) => line.includes(`"audit ${event}"`) && line.includes(sessionId))
    .map((line) => JSON.parse(line).audit);
}

describe('a service that acts for a person', () => {
  test('gets a token for one service: who the person is, who acts, and no scope but those allowed', async () => {
    const person = await auth.session();
    const startMs = Date.now();
    const answer = await auth.exchange('payment-service', person.access_token, {
      scope: 'cart:checkout cart:read',
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const body = answer.json();
    expect(body).toEqual({
      access_token: expect.any(String),
      issued_token_type: accessTokenType,
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: 'cart:checkout cart:read',
    });
    const subject = decode(person.access_token).claims;
    const { header, claims } = decode(body.access_token);
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
    expect(claims).toEqual({
      iss: testIssuer,
      sub: subject['sub'],
      aud: ['cart-service'],
      client_id: 'payment-service',
      scope: 'cart:checkout cart:read',
      sid: person.session_id,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      iat: secondsSince(startMs),
      exp: expect.any(Number),
      auth_time: subject['auth_time'],
      acr: subject['acr'],
      act: { sub: 'payment-service' },
    });
    expect(claims['jti']).not.toBe(subject['jti']);
    expect(claims['exp']).toBeLessThanOrEqual(subject['exp'] as number);
    expect(body.expires_in).toBe((claims['exp'] as number) - (claims['iat'] as number));
  });

  test('gets a token that expires with the subject token, however late it asks', async () => {
    auth.clock.offsetMs = -200_000;
    const person = await auth.session();
    auth.clock.offsetMs = 0;
    const body = (await auth.exchange('payment-service', person.access_token)).json();
    const { exp, auth_time } = decode(person.access_token).claims;
    expect(decode(body.access_token).claims).toMatchObject({ exp, auth_time });
    expect(body.expires_in).toBeLessThanOrEqual(100);
    expect(body.expires_in).toBeGreaterThan(80);
  });

  test('gets a token that an earlier change of roles does not revoke, not even in the same second', async () => {
    const person = await auth.session();
    const issuedFrom = await auth.changeRoles(person.access_token, ['viewer']);
    const refreshed = (await refresh(auth.app, person.refresh_token)).json<Tokens>();
    const answer = await auth.exchange('payment-service', refreshed.access_token);
    expect(answer.json()).toMatchObject({ scope: 'cart:read' });
    for (const { access_token } of [refreshed, answer.json()]) {
      expect(decode(access_token).claims['iat']).toBeGreaterThanOrEqual(issuedFrom);
    }
    expect(decode(person.access_token).claims['iat']).toBeLessThan(issuedFrom);
  });

  test('is in the audit log, with subject, session, actors, scopes and trace', async () => {
    const person = await auth.session();
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await postToken(
      auth.app,
      {
        grant_type: tokenExchange,
        subject_token: person.access_token,
        subject_token_type: accessTokenType,
        audience: 'cart-service',
        scope: 'cart:read',
        ...auth.services.credentials('payment-service'),
      },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    );
    expect(auditOf('token.exchanged', person.session_id)).toEqual([
      expect.objectContaining({
        subject: decode(person.access_token).claims['sub'],
        sessionId: person.session_id,
        clientId: 'payment-service',
        traceId,
        details: { audience: 'cart-service', scopes: ['cart:read'], actors: ['payment-service'] },
      }),
    ]);
  });

  test('cannot use the new token at auth-service, nor exchange it once more: it is for one service', async () => {
    const { access_token } = (
      await auth.exchange('payment-service', (await auth.session()).access_token)
    ).json();
    expect((await auth.app.inject({ url: '/account', headers: bearer(access_token) })).statusCode).toBe(401);
    expect((await auth.exchange('payment-service', access_token)).json().error).toBe('invalid_grant');
  });
});

test('no person’s own token ever has a scope that exists for an actor', async () => {
  const person = await auth.session();
  expect(person.scope.split(' ')).not.toContain('cart:checkout');
  await expect(auth.session({ scope: 'cart:read cart:checkout' })).rejects.toThrow(/scope_not_allowed/);
  const refreshed = await postToken(auth.app, {
    grant_type: 'refresh_token',
    client_id: 'latchkey-cli',
    refresh_token: person.refresh_token,
    scope: 'cart:checkout',
  });
  expect(refreshed.json().error).toBe('invalid_scope');
});

test.each(exchangeCases)(
  'decides as the issuer for tests: $name',
  async ({ actor, held, parameters, answer }) => {
    const person = await auth.session(held === undefined ? {} : { scope: held });
    const given = await auth.exchange(actor ?? 'payment-service', person.access_token, parameters);
    const body = given.json();
    if ('scope' in answer) expect([given.statusCode, body]).toMatchObject([200, answer]);
    else
      expect([given.statusCode, body]).toEqual([400, { ...answer, error_description: expect.any(String) }]);
  },
);

describe('refused by policy', () => {
  test('a scope that the session has and the subject token lacks', async () => {
    const person = await auth.session();
    const narrow = await refresh(auth.app, person.refresh_token, { scope: 'payment:write' });
    const { access_token } = narrow.json<Tokens>();
    const answer = await auth.exchange('payment-service', access_token, { scope: 'cart:read' });
    expect(answer.json().error).toBe('invalid_scope');
    expect((await auth.exchange('payment-service', access_token)).json().scope).toBe('cart:checkout');
  });

  test('a scope that was taken from the person after the token was issued', async () => {
    const person = await auth.session();
    const redis = connect(auth.redis.url);
    await redis.hset(sessionKey(person.session_id), 'l', 'viewer');
    redis.disconnect();
    const answer = await auth.exchange('wishlist-service', person.access_token, { scope: 'cart:write' });
    expect(answer.json().error).toBe('invalid_scope');
  });

  test('and the audit log says what was tried', async () => {
    const person = await auth.session();
    await auth.exchange('payment-service', person.access_token, { audience: 'wishlist-service' });
    expect(auditOf('token.exchange_refused', person.session_id)).toMatchObject([
      { clientId: 'payment-service', details: { audience: 'wishlist-service', reason: 'no_policy' } },
    ]);
  });
});
