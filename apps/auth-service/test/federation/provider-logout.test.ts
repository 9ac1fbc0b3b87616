import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Cookies, seededPeople, signOutAtExampleId, startExampleId } from '@latchkey/example-id';
import { eventually, forThisFile } from '@latchkey/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createBrowser,
  createFlow,
  registerApplication,
  returned,
} from '../oauth/authorization/authorization-fixture.ts';
import { bearer, decode, from, refresh, startAuthApp } from '../support/auth-app.ts';
import { openDatabase } from '../support/operator.ts';
import { callbackOf, tokensOf } from './federation-fixture.ts';

const [mina, viewer] = seededPeople;
const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = 'a secret of the test';

const elliptic = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const edwards = generateKeyPairSync('ed25519');
/** A key of the provider for each algorithm, under its name. */
const pairs = {
  ...{ RS256: key, RS384: key, RS512: key, PS256: key, PS384: key, PS512: key },
  ...{ ES256: elliptic('P-256'), ES384: elliptic('P-384'), ES512: elliptic('P-521') },
  ...{ EdDSA: edwards, Ed25519: edwards },
  'ML-DSA-44': generateKeyPairSync('ml-dsa-44'),
  'ML-DSA-65': generateKeyPairSync('ml-dsa-65'),
  'ML-DSA-87': generateKeyPairSync('ml-dsa-87'),
};
type Algorithm = keyof typeof pairs;

/** Signs as the algorithm says (RFC 7518 §3, RFC 8037 §3.1). */
function signBy(alg: Algorithm, input: string): Buffer {
  const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : undefined;
  return sign(/^[REP]S/.test(alg) ? `sha${alg.slice(2)}` : null, Buffer.from(input), {
    key: pairs[alg].privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(padding && { padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }),
  });
}

/** How often the provider was asked for its document and its keys, and how it answers for the keys. */
let documentRequests = 0;
let keyRequests = 0;
let keysStatus: number | 'silence' = 200;
beforeEach(() => {
  documentRequests = 0;
  keyRequests = 0;
  keysStatus = 200;
});

/** A provider of which we only need the document and the keys; and the way from Example ID to auth-service. */
const server = createServer(async (request, response) => {
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const json = (body: object) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  if (request.url === '/.well-known/openid-configuration') {
    documentRequests += 1;
    return json({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
    });
  }
  if (request.url === '/jwks') {
    keyRequests += 1;
    if (keysStatus === 'silence') return;
    response.statusCode = keysStatus;
    const named = Object.entries(pairs).map(([alg, { publicKey }]) => {
      return { ...publicKey.export({ format: 'jwk' }), kid: alg, alg };
    });
    return json({ keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256' }, ...named] });
  }
  const { statusCode } = await postLogout('example', await text(request));
  response.writeHead(statusCode).end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
await forThisFile(Promise.resolve({ stop: async () => void server.close() }));

const client = {
  ...{ client_id: 'latchkey', client_secret: secret, redirect_uris: [callbackOf('example')] },
  token_endpoint_auth_method: 'client_secret_post',
  backchannel_logout_uri: `${issuer}/to-auth-service`,
} as const;
const exampleId = await forThisFile(startExampleId({ clients: [client] }));
const credentials = { client_id: 'latchkey', client_secret: secret };
const settings = [
  { id: 'example', name: 'Example ID', issuer: exampleId.issuer, ...credentials },
  { id: 'own', name: 'Own', issuer, ...credentials },
];
const auth = await forThisFile(
  startAuthApp({ env: { IDENTITY_PROVIDERS: JSON.stringify(settings) }, clock: () => Date.now() }),
);
const { app } = auth;
const application = await registerApplication(auth);
const database = await forThisFile(
  Promise.resolve(openDatabase(auth)).then((opened) => ({ ...opened, stop: opened.close })),
);

const postLogout = (provider: string, payload: string, address = {}) =>
  app.inject({
    method: 'POST',
    url: `/providers/${provider}/backchannel-logout`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...address },
    payload,
  });

async function signIn(person = mina, cookies: Cookies = new Map()) {
  const browser = createBrowser(app);
  const { flow, answer } = await tokensOf(
    browser,
    { client: application.id, person, visit: { cookies } },
    { scope: 'openid offline_access' },
  );
  return { browser, cookies, tokens: (await flow.redeem(app, answer['code'] ?? '')).json() };
}

const userInfo = async (token: string) =>
  (await app.inject({ url: '/userinfo', headers: bearer(token) })).statusCode;

test('signing out at the provider ends what began there: the login and its sessions, and those of nobody else', async () => {
  const ended = await signIn();
  const elsewhere = await signIn();
  const other = await signIn(viewer);
  await signOutAtExampleId(exampleId.issuer, ended.cookies);
  await eventually('the token is refused', async () =>
    expect(await userInfo(ended.tokens.access_token)).toBe(401),
  );
  const refused = await refresh(app, ended.tokens.refresh_token, { client_id: application.id });
  expect(refused.json()).toMatchObject({ reason: 'signed_out_at_provider' });
  const silent = createFlow(application.id, { prompt: 'none' }).url;
  expect(returned(await ended.browser.get(silent))).toMatchObject({ error: 'login_required' });
  // Another session at the provider, and another person.
  for (const { tokens } of [elsewhere, other]) expect(await userInfo(tokens.access_token)).toBe(200);
  const subject = String(decode(ended.tokens.access_token).claims['sub']);
  await eventually('the audit log says so', async () => {
    const found = (await database.eventsOf(subject)).find(({ event }) => event === 'session.ended');
    expect(found?.details).toEqual({ reason: 'signed_out_at_provider', provider: 'example' });
  });
});

test('signing out at the provider also ends a session whose login has expired', async () => {
  const { browser, cookies, tokens } = await signIn();
  const { Redis } = await import('ioredis');
  const redis = new Redis(auth.redis.url);
  await redis.del(await redis.keys('*:l:*'));
  await redis.quit();
  expect(returned(await browser.get(createFlow(application.id, { prompt: 'none' }).url))).toMatchObject({
    error: 'login_required',
  });
  await signOutAtExampleId(exampleId.issuer, cookies);
  await eventually('the session has ended', async () =>
    expect((await refresh(app, tokens.refresh_token, { client_id: application.id })).json()).toMatchObject({
      reason: 'signed_out_at_provider',
    }),
  );
});

describe('a logout token', () => {
  // It never goes back, so that no test sees keys that another one fetched later.
  beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }));
  afterAll(() => void vi.useRealTimers());

  const partOf = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = () => Math.floor(Date.now() / 1000);
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const claims = () => ({
    iss: issuer,
    aud: 'latchkey',
    iat: now(),
    exp: now() + 120,
    jti: 'j',
    sub: 's',
    events,
  });

  function tokenOf(
    changes: object = {},
    { alg = 'RS256', kid = 'k', by = key.privateKey as KeyObject | string | null } = {},
  ) {
    const input = `${partOf({ alg, kid, typ: 'logout+jwt' })}.${partOf({ ...claims(), ...changes })}`;
    if (by === null) return `${input}.`;
    const signature =
      typeof by === 'string'
        ? createHmac('sha256', by).update(input).digest()
        : sign('sha256', Buffer.from(input), by);
    return `${input}.${signature.toString('base64url')}`;
  }

  const post = (token: string) => postLogout('own', new URLSearchParams({ logout_token: token }).toString());
  /** Lets the cached keys become too old to be used. */
  const later = () => vi.setSystemTime(Date.now() + 61_000);

  test('about somebody who never came here is answered 200', async () => {
    const answer = await post(tokenOf());
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-store']);
  });

  test.each(Object.keys(pairs) as Algorithm[])('that is signed with %s is accepted', async (alg) => {
    const input = tokenOf({}, { alg, kid: alg, by: null });
    const token = `${input}${signBy(alg, input.slice(0, -1)).toString('base64url')}`;
    expect((await post(token)).statusCode).toBe(200);
  });

  test.each<[string, () => string]>([
    ['for another client', () => tokenOf({ aud: 'other' })],
    ['of another issuer', () => tokenOf({ iss: 'https://evil.example' })],
    ['signed by another key', () => tokenOf({}, { by: otherKey.privateKey })],
    ['without a signature', () => tokenOf({}, { alg: 'none', by: null })],
    ['signed with the client secret', () => tokenOf({}, { alg: 'HS256', by: secret })],
    ['of an hour ago', () => tokenOf({ iat: now() - 3600 })],
    ['that has expired', () => tokenOf({ exp: now() - 60 })],
    ['with a nonce, as an ID token has', () => tokenOf({ nonce: 'n' })],
    ['without the event', () => tokenOf({ events: {} })],
    ['without events', () => tokenOf({ events: undefined })],
    ['without a jti', () => tokenOf({ jti: undefined })],
    ['about nobody', () => tokenOf({ sub: undefined })],
    ['about somebody whose subject no database keeps', () => tokenOf({ sub: 'a\0b' })],
    ['that is none', () => 'x.y.z'],
  ])('%s is refused', async (_, token) => {
    expect((await post(token())).statusCode).toBe(400);
  });

  test('makes us fetch the keys once a minute; one with an unknown key, once in 10 s', async () => {
    later();
    for (let time = 0; time < 3; time++) expect((await post(tokenOf())).statusCode).toBe(200);
    expect(keyRequests).toBe(1);
    vi.setSystemTime(Date.now() + 11_000);
    for (let time = 0; time < 3; time++)
      expect((await post(tokenOf({}, { kid: `unknown-${time}` }))).statusCode).toBe(400);
    expect(keyRequests).toBe(2);
  });

  test('makes us fetch again what we fetched while our clock was ahead', async () => {
    later();
    const right = Date.now();
    vi.setSystemTime(right + 3_600_000);
    expect((await post(tokenOf())).statusCode).toBe(200);
    vi.setSystemTime(right);
    expect((await post(tokenOf())).statusCode).toBe(200);
    expect([documentRequests, keyRequests]).toEqual([2, 2]);
  });

  test.each<[string, () => string]>([
    ['is none', () => 'x'],
    ['is for another client', () => tokenOf({ aud: 'other' })],
    ['is of another issuer', () => tokenOf({ iss: 'https://evil.example' })],
    ['has expired', () => tokenOf({ exp: now() - 60 })],
    ['has no signature', () => tokenOf({}, { alg: 'none', by: null })],
  ])('that %s makes us fetch nothing', async (_, token) => {
    later();
    expect((await post(token())).statusCode).toBe(400);
    expect(keyRequests).toBe(0);
  });

  test.each([404, 500, 'silence'] as const)(
    'cannot be read while the keys are answered by %s: 503',
    async (status) => {
      later();
      keysStatus = status;
      const answer = await post(tokenOf());
      expect([answer.statusCode, answer.json().code]).toEqual([503, 'provider_unavailable']);
      expect(answer.headers['retry-after']).toBe('5');
    },
  );

  test('with an unknown key is one of at most 200 that a network sends at once, and a genuine one is not', async () => {
    const sender = from('many logout tokens');
    const send = (token: string) =>
      postLogout('own', new URLSearchParams({ logout_token: token }).toString(), sender);
    await send(tokenOf());
    const answers = await Promise.all(
      Array.from({ length: 250 }, (_, index) => send(tokenOf({}, { kid: `unknown-${index}` }))),
    );
    const statuses = new Set(answers.map(({ statusCode }) => statusCode));
    expect(statuses).toEqual(new Set([400, 429]));
    expect((await send(tokenOf())).statusCode).toBe(200);
  });

  test.each([
    ['missing', 'own', () => ''],
    ['for a provider that is not known', 'nobody', () => 'logout_token=x'],
    ['there twice', 'own', () => `logout_token=${tokenOf()}&logout_token=`],
  ])('that is %s is refused', async (_, provider, payload) => {
    expect((await postLogout(provider, payload())).statusCode).toBe(400);
  });
});
