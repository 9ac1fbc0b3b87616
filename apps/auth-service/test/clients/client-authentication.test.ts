import { constants, createHmac, randomUUID, sign } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createSigningKey, type SigningKey } from '@latchkey/auth-client/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuthApp, ISSUER, postToken, startAuthApp } from '../support/auth-app.ts';
import { JWT_BEARER, startServices, type TestServices } from '../support/services.ts';

let services: TestServices;
let auth: AuthApp;
let stranger: SigningKey;
beforeAll(async () => {
  services = await startServices(['payment-service', 'wishlist-service']);
  auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris } });
  stranger = await createSigningKey();
});
afterAll(async () => {
  await auth.stop();
  await services.close();
});

const seconds = () => Math.floor(Date.now() / 1000);
const good = (changes = {}) => services.assertion('payment-service', changes);
const withClaims = (claims: Record<string, unknown>) => good({ claims });
const withHeader = (header: Record<string, unknown>) => good({ header });

function authenticate(parameters: Record<string, string>, headers = {}) {
  return postToken(auth.app, { grant_type: 'client_credentials', ...parameters }, headers);
}

const presenting = (assertion: string) => ({
  client_id: 'payment-service',
  client_assertion_type: JWT_BEARER,
  client_assertion: assertion,
});

test.each<[string, () => Record<string, string>]>([
  ['as it should be', () => presenting(good())],
  [
    'without client_id, since the assertion says it',
    () => {
      const { client_id: _, ...parameters } = presenting(good());
      return parameters;
    },
  ],
  ['with aud in an array of one', () => presenting(withClaims({ aud: [ISSUER] }))],
  ['with typ JWT', () => presenting(withHeader({ typ: 'JWT' }))],
  ['with typ client-authentication+jwt', () => presenting(withHeader({ typ: 'client-authentication+jwt' }))],
  ['with a nbf of now', () => presenting(withClaims({ nbf: seconds() }))],
  [
    'of a service whose clock is 25 s ahead',
    () => presenting(withClaims({ iat: seconds() + 25, exp: seconds() + 85 })),
  ],
  [
    'of a service whose clock is 85 s behind',
    () => presenting(withClaims({ iat: seconds() - 85, exp: seconds() - 25 })),
  ],
  ['with a jti of 128 characters', () => presenting(withClaims({ jti: randomUUID().padEnd(128, 'x') }))],
])('an assertion %s lets the service in', async (_what, parameters) => {
  const answer = await authenticate(parameters());
  expect(answer.json()).toMatchObject({ token_type: 'Bearer' });
  expect(answer.statusCode).toBe(200);
});

/** RS256's rival with the same key (RFC 8725 §2.1). */
function ps256(): string {
  const key = services.key('payment-service');
  const [, payload] = good().split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'PS256', kid: key.kid })).toString('base64url');
  const options = { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return `${header}.${payload}.${sign('sha256', Buffer.from(`${header}.${payload}`), options).toString('base64url')}`;
}

function hs256(secret: string | Buffer): string {
  const [, payload] = good().split('.');
  const kid = services.key('payment-service').kid;
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid })).toString('base64url');
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return `${header}.${payload}.${mac}`;
}

const publicPem = () =>
  services.key('payment-service').publicKey.export({ type: 'spki', format: 'pem' }) as string;

const refusals: [string, () => Record<string, string>][] = [
  ['no assertion', () => ({ client_id: 'payment-service' })],
  ['no client at all', () => ({})],
  ['an unknown client', () => ({ ...presenting(good()), client_id: 'nobody' })],
  ['a client that every object inherits', () => ({ client_id: 'constructor' })],
  ['an assertion and no type', () => ({ client_id: 'payment-service', client_assertion: good() })],
  ['a type and no assertion', () => ({ client_id: 'payment-service', client_assertion_type: JWT_BEARER })],
  [
    'another type',
    () => ({
      ...presenting(good()),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
    }),
  ],
  ['a secret', () => ({ client_id: 'payment-service', client_secret: 'hunter2' })],
  ['a secret beside the assertion', () => ({ ...presenting(good()), client_secret: 'hunter2' })],
  ['the client_id of another service', () => ({ ...presenting(good()), client_id: 'wishlist-service' })],
  ['the client_id of a public client', () => ({ ...presenting(good()), client_id: 'latchkey-cli' })],
  [
    'the assertion of another service, both saying so',
    () => ({
      ...presenting(good({ claims: { iss: 'wishlist-service', sub: 'wishlist-service' } })),
      client_id: 'wishlist-service',
    }),
  ],
  ['iss of another service', () => presenting(withClaims({ iss: 'wishlist-service' }))],
  ['sub of another service', () => presenting(withClaims({ sub: 'wishlist-service' }))],
  ['no iss', () => presenting(withClaims({ iss: undefined }))],
  ['no sub', () => presenting(withClaims({ sub: undefined }))],
  ['iss in an array', () => presenting(withClaims({ iss: ['payment-service'] }))],
  ['no aud', () => presenting(withClaims({ aud: undefined }))],
  ['aud of another server', () => presenting(withClaims({ aud: 'https://other.example' }))],
  ['the token endpoint as aud', () => presenting(withClaims({ aud: `${ISSUER}/token` }))],
  ['our issuer with a slash as aud', () => presenting(withClaims({ aud: `${ISSUER}/` }))],
  [
    'two audiences, ours among them',
    () => presenting(withClaims({ aud: [ISSUER, 'https://other.example'] })),
  ],
  ['our issuer twice', () => presenting(withClaims({ aud: [ISSUER, ISSUER] }))],
  ['an empty aud', () => presenting(withClaims({ aud: [] }))],
  ['no jti', () => presenting(withClaims({ jti: undefined }))],
  ['an empty jti', () => presenting(withClaims({ jti: '' }))],
  ['a number for jti', () => presenting(withClaims({ jti: 7 }))],
  ['a jti of 129 characters', () => presenting(withClaims({ jti: 'x'.repeat(129) }))],
  ['a jti with a line feed', () => presenting(withClaims({ jti: 'a\nb' }))],
  ['no iat', () => presenting(withClaims({ iat: undefined }))],
  ['no exp', () => presenting(withClaims({ exp: undefined }))],
  ['a lifetime of 61 s', () => presenting(withClaims({ exp: seconds() + 61, iat: seconds() }))],
  ['exp before iat', () => presenting(withClaims({ exp: seconds() - 1 }))],
  ['exp as text', () => presenting(withClaims({ exp: String(seconds() + 60) }))],
  ['times in milliseconds', () => presenting(withClaims({ iat: Date.now(), exp: Date.now() + 60 }))],
  ['iat 35 s ahead', () => presenting(withClaims({ iat: seconds() + 35, exp: seconds() + 60 }))],
  ['nbf 35 s ahead', () => presenting(withClaims({ nbf: seconds() + 35 }))],
  ['exp 31 s ago', () => presenting(withClaims({ iat: seconds() - 91, exp: seconds() - 31 }))],
  ['alg none', () => presenting(`${withHeader({ alg: 'none' }).split('.').slice(0, 2).join('.')}.`)],
  ['alg none, and a signature', () => presenting(withHeader({ alg: 'none' }))],
  ['alg HS256 by the public key as PEM', () => presenting(hs256(publicPem()))],
  ['alg PS256', () => presenting(ps256())],
  ['alg RS512', () => presenting(withHeader({ alg: 'RS512' }))],
  ['no kid', () => presenting(withHeader({ kid: undefined }))],
  ['an unknown kid', () => presenting(good({ key: stranger }))],
  [
    'another key under the known kid',
    () => presenting(good({ key: stranger, header: { kid: services.key('payment-service').kid } })),
  ],
  ['its own key in the header', () => presenting(good({ key: stranger, header: { jwk: stranger.jwk } }))],
  ['jku', () => presenting(withHeader({ jku: 'http://127.0.0.1:9/keys' }))],
  ['x5c', () => presenting(withHeader({ x5c: ['MIIB'] }))],
  ['x5t', () => presenting(withHeader({ x5t: 'AAAA' }))],
  ['crit', () => presenting(withHeader({ crit: ['exp'] }))],
  ['typ at+jwt', () => presenting(withHeader({ typ: 'at+jwt' }))],
  ['typ secevent+jwt', () => presenting(withHeader({ typ: 'secevent+jwt' }))],
  ['a changed payload', () => presenting(good().replace(/\.(.{20})./, '.$1A'))],
  ['a line feed at its end', () => presenting(`${good()}\n`)],
  ['nothing of a JWT', () => presenting('x')],
  ['a payload that is no JSON', () => presenting(`${good().split('.')[0]}.bm90IGpzb24.AAAA`)],
  [
    'a payload nested 3,000 deep',
    () => presenting(`${good().split('.')[0]}.${Buffer.from('['.repeat(3000)).toString('base64url')}.AAAA`),
  ],
  ['more than 8 KB', () => presenting(withClaims({ note: 'x'.repeat(9000) }))],
];

describe('refused with invalid_client, in the same words', () => {
  test.each(refusals)('%s', async (_what, parameters) => {
    const answer = await authenticate(parameters());
    expect(answer.json()).toEqual({
      error: 'invalid_client',
      error_description: 'The client could not be authenticated.',
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  test('an assertion that was used, also at the other grants', async () => {
    const parameters = presenting(good());
    expect((await authenticate(parameters)).statusCode).toBe(200);
    for (const grant of [
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ]) {
      expect((await authenticate({ ...parameters, grant_type: grant })).statusCode).toBe(401);
    }
  });

  test('the same jti in another assertion', async () => {
    const jti = randomUUID();
    expect((await authenticate(presenting(withClaims({ jti })))).statusCode).toBe(200);
    expect((await authenticate(presenting(withClaims({ jti, exp: seconds() + 50 })))).statusCode).toBe(401);
  });

  test('but the same jti of another service is not the same', async () => {
    const jti = randomUUID();
    for (const name of ['payment-service', 'wishlist-service']) {
      const client_assertion = services.assertion(name, { claims: { jti } });
      const answer = await authenticate({
        client_id: name,
        client_assertion_type: JWT_BEARER,
        client_assertion,
      });
      expect(answer.statusCode).toBe(200);
    }
  });

  test('a refused assertion uses no jti up', async () => {
    const jti = randomUUID();
    expect((await authenticate(presenting(good({ key: stranger, claims: { jti } })))).statusCode).toBe(401);
    expect(
      (await authenticate(presenting(withClaims({ jti, aud: 'https://other.example' })))).statusCode,
    ).toBe(401);
    expect((await authenticate(presenting(withClaims({ jti })))).statusCode).toBe(200);
  });

  test('HTTP Basic, with the challenge that RFC 6749 §5.2 wants', async () => {
    const authorization = `Basic ${Buffer.from('payment-service:hunter2').toString('base64')}`;
    const answer = await authenticate({ client_id: 'payment-service' }, { authorization });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="auth-service"');
  });

  test('an assertion that stands twice is a bad request (RFC 6749 §3.2)', async () => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...presenting(good()) });
    body.append('client_assertion', good());
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: body.toString(),
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toBe('invalid_request');
  });
});

test('a service cannot refresh, nor sign people in', async () => {
  const refresh = { grant_type: 'refresh_token', refresh_token: 'x', ...presenting(good()) };
  expect((await postToken(auth.app, refresh)).json().error).toBe('unauthorized_client');
  const signIn = await auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'payment-service', username: 'a', password: 'b' },
  });
  expect(signIn.statusCode).toBe(400);
  expect(signIn.json().code).toBe('unknown_client');
});

describe('keys', () => {
  test('a new key works as soon as it is published, and an old one until it no longer is', async () => {
    const old = services.key('wishlist-service');
    const fresh = await createSigningKey();
    const by = (key: SigningKey) =>
      authenticate({
        client_id: 'wishlist-service',
        client_assertion_type: JWT_BEARER,
        client_assertion: services.assertion('wishlist-service', { key }),
      });
    expect((await by(old)).statusCode).toBe(200);
    await delay(1100);
    services.publish('wishlist-service', [fresh, old]);
    expect((await by(fresh)).statusCode).toBe(200);
    expect((await by(old)).statusCode).toBe(200);
  });

  test('unknown kids cause one fetch a second', async () => {
    await delay(1100);
    const before = services.requests('payment-service');
    const began = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => authenticate(presenting(good({ key: stranger })))));
    const fetches = services.requests('payment-service') - before;
    const wholeSeconds = Math.floor((performance.now() - began) / 1000);
    expect(fetches).toBeGreaterThanOrEqual(1);
    expect(fetches).toBeLessThanOrEqual(1 + wholeSeconds);
  });
});

describe('the audit log', () => {
  test('says who failed and why, once a minute for each reason, and the metrics how often', async () => {
    const failing = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris } });
    try {
      for (let attempt = 0; attempt < 5; attempt++) {
        await postToken(failing.app, { grant_type: 'client_credentials', client_id: 'payment-service' });
      }
      const lines = failing
        .logs()
        .split('\n')
        .filter((line) => line.includes('"audit client.authentication_failed"'));
      expect(lines).toHaveLength(1);
      expect(JSON.parse(lines[0] ?? '').audit).toMatchObject({
        event: 'client.authentication_failed',
        clientId: 'payment-service',
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        details: { reason: 'no_assertion' },
      });
      const metrics = (await failing.app.inject({ url: '/metrics' })).body;
      expect(metrics).toContain(
        'client_authentication_failures_total{client="payment-service",reason="no_assertion"} 5',
      );
    } finally {
      await failing.stop();
    }
  });

  test('no assertion is in the log', async () => {
    await authenticate(presenting(good()));
    await authenticate(presenting(withClaims({ aud: 'x' })));
    expect(auth.logs()).not.toMatch(/eyJ[\w-]{10,}/);
  });
});

describe('what cannot be decided now is 503, and says nothing about the client', () => {
  test('its keys cannot be fetched', async () => {
    const cut = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris } });
    services.setDown(true);
    try {
      const ask = () => postToken(cut.app, { grant_type: 'client_credentials', ...presenting(good()) });
      const answer = await ask();
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.json()).toMatchObject({ code: 'client_keys_unavailable' });
      services.setDown(false);
      await delay(1100);
      expect((await ask()).statusCode).toBe(200);
    } finally {
      services.setDown(false);
      await cut.stop();
    }
  });

  test('Redis does not answer: nothing is let in uncounted', async () => {
    const cut = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris } });
    try {
      await cut.redis.kill();
      const answer = await postToken(cut.app, { grant_type: 'client_credentials', ...presenting(good()) });
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBeDefined();
    } finally {
      await cut.stop();
    }
  });
});
