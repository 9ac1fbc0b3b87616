import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issuedFromKey, sessionKey } from '../../src/redis/key-names.ts';
import { connect, createStore } from '../sessions/session-fixture.ts';
import {
  type AuthApp,
  bearer,
  decode,
  ISSUER,
  postToken,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
} from '../support/auth-app.ts';
import { ACCESS_TOKEN_TYPE, startServices, type TestServices, TOKEN_EXCHANGE } from '../support/services.ts';

let services: TestServices;
let auth: AuthApp;
/** Added to the machine's clock for what auth-service does. It has been there for an hour: people have signed in since. */
let offsetMs = -3_600_000;
beforeAll(async () => {
  services = await startServices(['payment-service', 'wishlist-service', 'cart-service']);
  auth = await startAuthApp({
    env: { SERVICE_JWKS_URIS: services.jwksUris },
    clock: () => Date.now() + offsetMs,
  });
  offsetMs = 0;
});
afterAll(async () => {
  await auth.stop();
  await services.close();
});

function exchange(actor: string, subjectToken: string, parameters: Record<string, string> = {}) {
  return postToken(auth.app, {
    grant_type: TOKEN_EXCHANGE,
    subject_token: subjectToken,
    subject_token_type: ACCESS_TOKEN_TYPE,
    audience: 'cart-service',
    ...services.credentials(actor),
    ...parameters,
  });
}

const session = async (body = {}): Promise<Tokens> => signIn(auth.app, await register(auth.app), body);

async function inRedis<T>(ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = connect(auth.redis.url);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

/** As auth-service itself would, when an administrator asks. Returns the earliest iat of the tokens from then on. */
async function changeRoles(token: string, roles: string[]): Promise<number> {
  const subject = String(decode(token).claims['sub']);
  return inRedis(async (redis) => {
    const sessions = createStore({ redis, clock: () => Date.now() + offsetMs });
    await sessions.changeRoles(subject, { roles, rolesVersion: 1 });
    return Number(await redis.get(issuedFromKey(0, subject)));
  });
}

function auditOf(event: string, sessionId: string): Record<string, unknown>[] {
  return auth
    .logs()
    .split('\n')
    .filter((line) => line.includes(`"audit ${event}"`) && line.includes(sessionId))
    .map((line) => JSON.parse(line).audit);
}

describe('a service that acts for a person', () => {
  test('gets a token for one service: who the person is, who acts, and no scope but those allowed', async () => {
    const person = await session();
    const answer = await exchange('payment-service', person.access_token, {
      scope: 'cart:checkout cart:read',
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const body = answer.json();
    expect(body).toEqual({
      access_token: expect.any(String),
      issued_token_type: ACCESS_TOKEN_TYPE,
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: 'cart:checkout cart:read',
    });
    const subject = decode(person.access_token).claims;
    const { header, claims } = decode(body.access_token);
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
    expect(claims).toEqual({
      iss: ISSUER,
      sub: subject['sub'],
      aud: ['cart-service'],
      client_id: 'payment-service',
      scope: 'cart:checkout cart:read',
      sid: person.session_id,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      iat: expect.closeTo(Date.now() / 1000, -1),
      exp: expect.any(Number),
      auth_time: subject['auth_time'],
      acr: subject['acr'],
      act: { sub: 'payment-service' },
    });
    expect(claims['jti']).not.toBe(subject['jti']);
    expect(claims['exp']).toBeLessThanOrEqual(subject['exp'] as number);
    expect(body.expires_in).toBe((claims['exp'] as number) - (claims['iat'] as number));
  });

  test('gets all that is allowed when it names no scope', async () => {
    const { access_token } = await session();
    expect((await exchange('payment-service', access_token)).json().scope).toBe('cart:read cart:checkout');
    expect((await exchange('wishlist-service', access_token)).json().scope).toBe('cart:write');
  });

  test('gets a token that dies with the one that came in, however late it asks', async () => {
    offsetMs = -200_000;
    const person = await session();
    offsetMs = 0;
    const body = (await exchange('payment-service', person.access_token)).json();
    const { exp, auth_time } = decode(person.access_token).claims;
    expect(decode(body.access_token).claims).toMatchObject({ exp, auth_time });
    expect(body.expires_in).toBeLessThanOrEqual(100);
    expect(body.expires_in).toBeGreaterThan(80);
  });

  test('gets a token that a change of roles from before it does not revoke, in the same second either', async () => {
    const person = await session();
    const issuedFrom = await changeRoles(person.access_token, ['viewer']);
    const refreshed = (await refresh(auth.app, person.refresh_token)).json<Tokens>();
    const answer = await exchange('payment-service', refreshed.access_token);
    expect(answer.json()).toMatchObject({ scope: 'cart:read' });
    for (const { access_token } of [refreshed, answer.json()]) {
      expect(decode(access_token).claims['iat']).toBeGreaterThanOrEqual(issuedFrom);
    }
    expect(decode(person.access_token).claims['iat']).toBeLessThan(issuedFrom);
  });

  test('is in the audit log, with subject, session, actors, scopes and trace', async () => {
    const person = await session();
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await postToken(
      auth.app,
      {
        grant_type: TOKEN_EXCHANGE,
        subject_token: person.access_token,
        subject_token_type: ACCESS_TOKEN_TYPE,
        audience: 'cart-service',
        scope: 'cart:read',
        ...services.credentials('payment-service'),
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
    const { access_token } = (await exchange('payment-service', (await session()).access_token)).json();
    expect((await auth.app.inject({ url: '/account', headers: bearer(access_token) })).statusCode).toBe(401);
    expect((await exchange('payment-service', access_token)).json().error).toBe('invalid_grant');
  });
});

test('no person’s own token ever has a scope that exists for an actor', async () => {
  const person = await session();
  expect(person.scope.split(' ')).not.toContain('cart:checkout');
  await expect(session({ scope: 'cart:read cart:checkout' })).rejects.toThrow(/scope_not_allowed/);
  const refreshed = await postToken(auth.app, {
    grant_type: 'refresh_token',
    client_id: 'latchkey-cli',
    refresh_token: person.refresh_token,
    scope: 'cart:checkout',
  });
  expect(refreshed.json().error).toBe('invalid_scope');
});

const ACTS = 'payment-service';

describe('refused by policy', () => {
  test.each<[string, string, Record<string, string>, Record<string, unknown>, string]>([
    ['a scope wider than the policy', ACTS, { scope: 'cart:read cart:write' }, {}, 'invalid_scope'],
    [
      'a scope that the person lacks',
      ACTS,
      { scope: 'cart:read' },
      { scope: 'payment:write' },
      'invalid_scope',
    ],
    [
      'the actor’s scope without what it requires',
      ACTS,
      { scope: 'cart:checkout' },
      { scope: 'cart:read payment:read' },
      'invalid_scope',
    ],
    ['another actor’s own scope', 'wishlist-service', { scope: 'cart:checkout' }, {}, 'invalid_scope'],
    ['a person with no scope that may be passed on', ACTS, {}, { scope: 'payment:read' }, 'invalid_scope'],
    ['a malformed scope', ACTS, { scope: 'cart:read  cart:checkout' }, {}, 'invalid_scope'],
    ['a foreign audience', ACTS, { audience: 'wishlist-service' }, {}, 'invalid_target'],
    ['auth-service as audience', ACTS, { audience: 'auth-service' }, {}, 'invalid_target'],
    ['an audience that nobody knows', ACTS, { audience: 'https://other.example' }, {}, 'invalid_target'],
    ['what every object inherits as audience', ACTS, { audience: '__proto__' }, {}, 'invalid_target'],
    ['an actor without policy', 'cart-service', { audience: 'payment-service' }, {}, 'invalid_target'],
  ])('%s', async (_what, actor, parameters, signInWith, error) => {
    const person = await session(signInWith);
    const answer = await exchange(actor, person.access_token, parameters);
    expect(answer.json()).toEqual({ error, error_description: expect.any(String) });
    expect(answer.statusCode).toBe(400);
  });

  test('a scope that the session has, and the token that came in does not', async () => {
    const person = await session();
    const narrow = await refresh(auth.app, person.refresh_token, { scope: 'payment:write' });
    const { access_token } = narrow.json<Tokens>();
    const answer = await exchange('payment-service', access_token, { scope: 'cart:read' });
    expect(answer.json().error).toBe('invalid_scope');
    expect((await exchange('payment-service', access_token)).json().scope).toBe('cart:checkout');
  });

  test('a scope that was taken from the person after the token was issued', async () => {
    const person = await session();
    const redis = connect(auth.redis.url);
    await redis.hset(sessionKey(person.session_id), 'l', 'viewer');
    redis.disconnect();
    const answer = await exchange('wishlist-service', person.access_token, { scope: 'cart:write' });
    expect(answer.json().error).toBe('invalid_scope');
  });

  test('and the audit log says what was tried', async () => {
    const person = await session();
    await exchange('payment-service', person.access_token, { audience: 'wishlist-service' });
    expect(auditOf('token.exchange_refused', person.session_id)).toMatchObject([
      { clientId: 'payment-service', details: { audience: 'wishlist-service', reason: 'no_policy' } },
    ]);
  });
});

describe('a subject token that is no good is invalid_grant', () => {
  const tampered = (token: string) => token.replace(/\.[\w-]{10}/, '.eyJzdWIiOi');

  test.each<[string, () => Promise<string>]>([
    ['a changed one', async () => tampered((await session()).access_token)],
    ['one for another audience', async () => (await session({ scope: 'cart:read' })).access_token],
    ['a refresh token', async () => (await session()).refresh_token],
    ['a client assertion', async () => services.assertion('payment-service')],
    ['nothing of a token', async () => 'nothing of a token'],
    ['one longer than any', async () => `${(await session()).access_token}${'x'.repeat(9000)}`],
    [
      'an expired one',
      async () => {
        offsetMs = -301_000;
        const { access_token } = await session();
        offsetMs = 0;
        return access_token;
      },
    ],
    [
      'one whose session has ended',
      async () => {
        const { access_token } = await session();
        await auth.app.inject({ method: 'DELETE', url: '/sessions/current', headers: bearer(access_token) });
        return access_token;
      },
    ],
    [
      'one from before a change of roles, however little',
      async () => {
        const { access_token } = await session();
        await changeRoles(access_token, ['viewer']);
        return access_token;
      },
    ],
    [
      'one whose session was ended by a stolen refresh token',
      async () => {
        const { access_token, refresh_token } = await session();
        const refresh = { grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token };
        await postToken(auth.app, refresh);
        offsetMs = 10_001;
        await postToken(auth.app, refresh);
        offsetMs = 0;
        return access_token;
      },
    ],
    [
      'a service’s own',
      async () => {
        const own = { grant_type: 'client_credentials', ...services.credentials('payment-service') };
        return (await postToken(auth.app, own)).json().access_token;
      },
    ],
  ])('%s', async (_what, makeToken) => {
    const token = await makeToken();
    const answer = await exchange('payment-service', token);
    expect(answer.json()).toEqual({ error: 'invalid_grant', error_description: expect.any(String) });
    expect(answer.statusCode).toBe(400);
    expect(auth.logs().includes(token.slice(-20))).toBe(false);
  });

  test('a session that reached its absolute expiry', async () => {
    offsetMs = -3_600_000;
    const short = await startAuthApp({
      env: { SERVICE_JWKS_URIS: services.jwksUris, SESSION_SECONDS: '60' },
      clock: () => Date.now() + offsetMs,
    });
    try {
      offsetMs = -61_000;
      const { access_token } = await signIn(short.app, await register(short.app));
      offsetMs = 0;
      const answer = await postToken(short.app, {
        grant_type: TOKEN_EXCHANGE,
        subject_token: access_token,
        subject_token_type: ACCESS_TOKEN_TYPE,
        audience: 'cart-service',
        ...services.credentials('payment-service'),
      });
      expect(answer.json().error).toBe('invalid_grant');
    } finally {
      await short.stop();
    }
  });
});

test.each<[string, Record<string, string>, string[]]>([
  ['no subject_token', {}, ['subject_token']],
  ['no subject_token_type', {}, ['subject_token_type']],
  [
    'another subject_token_type',
    { subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    [],
  ],
  ['another requested_token_type', { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, []],
  ['an actor_token', { actor_token: 'x', actor_token_type: ACCESS_TOKEN_TYPE }, []],
  ['a resource', { resource: 'http://127.0.0.1:4001' }, []],
  ['no audience', {}, ['audience']],
])('%s is an invalid_request', async (_what, parameters, without) => {
  const whole = {
    grant_type: TOKEN_EXCHANGE,
    subject_token: (await session()).access_token,
    subject_token_type: ACCESS_TOKEN_TYPE,
    requested_token_type: ACCESS_TOKEN_TYPE,
    audience: 'cart-service',
    ...services.credentials('payment-service'),
    ...parameters,
  };
  const kept = Object.fromEntries(Object.entries(whole).filter(([name]) => !without.includes(name)));
  const answer = await postToken(auth.app, kept);
  expect([answer.statusCode, answer.json().error]).toEqual([400, 'invalid_request']);
});

test.each(['latchkey-cli', 'storefront'])('%s acts for nobody: unauthorized_client', async (client_id) => {
  const answer = await postToken(auth.app, {
    grant_type: TOKEN_EXCHANGE,
    subject_token: (await session()).access_token,
    subject_token_type: ACCESS_TOKEN_TYPE,
    audience: 'cart-service',
    client_id,
  });
  expect([answer.statusCode, answer.json().error]).toEqual([400, 'unauthorized_client']);
});

test('a service that does not prove who it is gets nothing, however good the subject token', async () => {
  const answer = await exchange('payment-service', (await session()).access_token, {
    client_assertion: services.assertion('wishlist-service'),
  });
  expect([answer.statusCode, answer.json().error]).toEqual([401, 'invalid_client']);
});
