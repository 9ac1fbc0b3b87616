import { createHash, createHmac, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { forThisFile } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { beforeEach, expect, test } from 'vitest';
import { identities } from '../../src/database/schema.ts';
import {
  type Browser,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
} from '../oauth/authorization/authorization-fixture.ts';
import { bearer, decode, startAuthApp, testPassword } from '../support/auth-app.ts';
import { openDatabase } from '../support/operator.ts';
import { callbackOf, leave } from './federation-fixture.ts';

/** What a provider is asked. `form`: at its token endpoint. */
type Asked = {
  host: string;
  path: string;
  form: URLSearchParams;
  headers: Record<string, unknown>;
  query: URLSearchParams;
};

const appleKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
const secret = 'a secret of the test';
let asked: Asked[] = [];
let answers: Record<string, unknown> = {};
beforeEach(() => {
  asked = [];
  answers = {};
});

/** The APIs of all these providers, each at the path of its host. The shapes are those of their documentation. */
const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '', 'http://x');
  const [, host = '', ...rest] = url.pathname.split('/');
  const path = `/${rest.join('/')}`;
  asked.push({
    host,
    path,
    form: new URLSearchParams(await text(request)),
    headers: request.headers,
    query: url.searchParams,
  });
  const answer = answers[`${host}${path}`] ?? { status: 404 };
  const { status = 200, ...body } = answer as { status?: number };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const reachedAt = (...hosts: string[]) =>
  Object.fromEntries(hosts.map((host) => [`https://${host}`, `${base}/${host}`]));

const withSecret = { client_id: 'our-id', client_secret: secret };
const settings = [
  { id: 'google', preset: 'google', ...withSecret, reached_at: reachedAt('accounts.google.com') },
  { id: 'microsoft', preset: 'microsoft', ...withSecret, reached_at: reachedAt('login.microsoftonline.com') },
  { id: 'github', preset: 'github', ...withSecret, reached_at: reachedAt('github.com', 'api.github.com') },
  { id: 'facebook', preset: 'facebook', ...withSecret, reached_at: reachedAt('graph.facebook.com') },
  { id: 'kakao', preset: 'kakao', ...withSecret, reached_at: reachedAt('kauth.kakao.com', 'kapi.kakao.com') },
  {
    id: 'naver',
    preset: 'naver',
    ...withSecret,
    reached_at: reachedAt('nid.naver.com', 'openapi.naver.com'),
  },
  {
    ...{ id: 'apple', preset: 'apple', client_id: 'com.example.shop', team_id: 'TEAM', key_id: 'KEY' },
    private_key: appleKey.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    reached_at: reachedAt('appleid.apple.com'),
  },
];
let ahead = 0;
const auth = await forThisFile(
  startAuthApp({ env: { IDENTITY_PROVIDERS: JSON.stringify(settings) }, clock: () => Date.now() + ahead }),
);
const { app } = auth;
const { id: client } = await registerApplication(auth);
const database = await forThisFile(
  Promise.resolve(openDatabase(auth)).then((opened) => ({ ...opened, stop: opened.close })),
);
await forThisFile(Promise.resolve({ stop: async () => void server.close() }));

async function identityOf(issuer: string, subject: string) {
  const rows = await database.db.select().from(identities);
  return rows.find((row) => row.issuer === issuer && row.subject === subject);
}

test.each<{
  id: string;
  issuer: string;
  authorize: string;
  token: string;
  profile: string;
  person: object;
  subject: string;
  name: string | null;
}>([
  {
    id: 'github',
    issuer: 'https://github.com/login/oauth',
    authorize: 'https://github.com/login/oauth/authorize',
    token: 'github.com/login/oauth/access_token',
    profile: 'api.github.com/user',
    person: { id: 583231, login: 'octo', name: null },
    subject: '583231',
    name: 'octo',
  },
  {
    id: 'facebook',
    issuer: 'https://www.facebook.com',
    authorize: 'https://www.facebook.com/v24.0/dialog/oauth',
    token: 'graph.facebook.com/v24.0/oauth/access_token',
    profile: 'graph.facebook.com/v24.0/me',
    person: { id: '10158', name: 'Ada' },
    subject: '10158',
    name: 'Ada',
  },
  {
    id: 'kakao',
    issuer: 'https://kauth.kakao.com',
    authorize: 'https://kauth.kakao.com/oauth/authorize',
    token: 'kauth.kakao.com/oauth/token',
    profile: 'kapi.kakao.com/v2/user/me',
    person: { id: 123456789, kakao_account: { profile: { nickname: '에이다\u202e'.normalize('NFD') } } },
    subject: '123456789',
    name: '에이다',
  },
  {
    id: 'naver',
    issuer: 'https://nid.naver.com',
    authorize: 'https://nid.naver.com/oauth2.0/authorize',
    token: 'nid.naver.com/oauth2.0/token',
    profile: 'openapi.naver.com/v1/nid/me',
    person: { resultcode: '00', message: 'success', response: { id: '32742776', nickname: '\u3164' } },
    subject: '32742776',
    // Nothing can be seen of it.
    name: null,
  },
  {
    id: 'facebook',
    issuer: 'https://www.facebook.com',
    authorize: 'https://www.facebook.com/v24.0/dialog/oauth',
    token: 'graph.facebook.com/v24.0/oauth/access_token',
    profile: 'graph.facebook.com/v24.0/me',
    person: { id: '10159', name: 'Ada \ud800' },
    subject: '10159',
    // Half of a surrogate pair is no character.
    name: null,
  },
])('$id: the code is redeemed with PKCE, and the profile read', async (of) => {
  // Naver writes the lifetime as text.
  answers = {
    [of.token]: { access_token: 'theirs', token_type: 'bearer', expires_in: '3600' },
    [of.profile]: of.person,
  };
  const browser = createBrowser(app);
  const there = new URL(await leave(browser, createFlow(client).url, of.id));
  expect(`${there.origin}${there.pathname}`).toBe(of.authorize);
  expect(Object.fromEntries(there.searchParams)).toMatchObject({
    client_id: 'our-id',
    redirect_uri: callbackOf(of.id),
  });
  const state = there.searchParams.get('state') ?? '';
  nextPage(await browser.get(`${callbackOf(of.id)}?${new URLSearchParams({ code: 'c', state })}`));
  const [redeemed, profile] = asked;
  expect(Object.fromEntries(redeemed?.form ?? [])).toMatchObject({ code: 'c', client_secret: secret });
  // Naver's documentation sends it, and nobody else's.
  expect(redeemed?.form.get('state')).toBe(of.id === 'naver' ? state : null);
  const verifier = redeemed?.form.get('code_verifier') ?? '';
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  expect(there.searchParams.get('code_challenge')).toBe(challenge);
  expect(profile?.headers).toMatchObject({ authorization: 'Bearer theirs', 'user-agent': 'latchkey' });
  if (of.id === 'facebook')
    expect(profile?.query.get('appsecret_proof')).toBe(
      createHmac('sha256', secret).update('theirs').digest('hex'),
    );
  expect(await identityOf(of.issuer, of.subject)).toMatchObject({ displayName: of.name });
});

const partOf = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

const appleIssuer = 'https://appleid.apple.com';

/** Goes to Apple, which then has an ID token with these claims for us. */
async function goToApple(browser: Browser, url: string, changes: object = {}) {
  const issuer = appleIssuer;
  answers['appleid.apple.com/.well-known/openid-configuration'] = {
    ...{ issuer, authorization_endpoint: `${issuer}/auth/authorize`, token_endpoint: `${issuer}/auth/token` },
    jwks_uri: `${issuer}/auth/keys`,
  };
  const jwk = { ...signingKey.publicKey.export({ format: 'jwk' }), kid: 'a1', alg: 'RS256', use: 'sig' };
  answers['appleid.apple.com/auth/keys'] = { keys: [jwk] };
  const there = new URL(await leave(browser, url, 'apple'));
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: issuer, sub: '001.ab', aud: 'com.example.shop', iat: now, exp: now + 600 },
    nonce: there.searchParams.get('nonce'),
    ...changes,
  };
  const input = `${partOf({ alg: 'RS256', kid: 'a1' })}.${partOf(claims)}`;
  const signature = sign('sha256', Buffer.from(input), signingKey.privateKey).toString('base64url');
  answers['appleid.apple.com/auth/token'] = {
    ...{ access_token: 'theirs', token_type: 'Bearer', id_token: `${input}.${signature}` },
  };
  return there;
}

/** The answer when the browser returns from there. */
const comeBack = (browser: Browser, there: URL) =>
  browser.get(
    `${callbackOf('apple')}?${new URLSearchParams({ code: 'c', state: there.searchParams.get('state') ?? '' })}`,
  );

test('apple: the secret is signed, the answer is a form of another site, and the name comes once', async () => {
  const issuer = appleIssuer;
  const browser = createBrowser(app);
  const there = await goToApple(browser, createFlow(client).url);
  expect(Object.fromEntries(there.searchParams)).toMatchObject({
    response_mode: 'form_post',
    scope: 'openid name',
  });
  const state = there.searchParams.get('state') ?? '';
  const user = JSON.stringify({ name: { firstName: 'Ada', lastName: 'Lovelace' }, email: 'ada@example.com' });
  // A browser sends no SameSite=Lax cookie with a form of another site.
  const posted = await app.inject({
    method: 'POST',
    url: '/providers/apple/callback',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: issuer },
    payload: new URLSearchParams({ code: 'c', state, user }).toString(),
  });
  expect(posted.statusCode).toBe(303);
  const back = String(posted.headers.location);
  expect(back).not.toMatch(/code|Ada/);
  nextPage(await browser.get(back));
  expect(await identityOf(issuer, '001.ab')).toMatchObject({ displayName: 'Ada Lovelace' });
  expect(JSON.stringify(await database.db.select().from(identities))).not.toContain('ada@example.com');

  const sent = asked.find(({ path }) => path === '/auth/token')?.form.get('client_secret') ?? '';
  const [header = '', payload = '', signature = ''] = sent.split('.');
  const key = {
    key: createPublicKey(appleKey.publicKey.export({ type: 'spki', format: 'pem' })),
    dsaEncoding: 'ieee-p1363',
  } as const;
  expect(
    verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')),
  ).toBe(true);
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    iss: 'TEAM',
    sub: 'com.example.shop',
    aud: issuer,
  });
});

const naverIs = (id: unknown) => ({
  'openapi.naver.com/v1/nid/me': { resultcode: '00', response: { id } },
});

test.each<[string, Record<string, unknown>, number]>([
  [
    'an answer without a person',
    { 'openapi.naver.com/v1/nid/me': { resultcode: '024', response: { id: '1' } } },
    400,
  ],
  ['an id that is no id', naverIs({ $ne: 1 }), 400],
  ['an id that no index can hold', naverIs('1'.repeat(8000)), 400],
  ['an id that no database keeps', naverIs('1\u0000'), 400],
  [
    'a refused code',
    { 'nid.naver.com/oauth2.0/token': { error: 'invalid_request', error_description: 'no' } },
    400,
  ],
  ['a profile that is down', { 'openapi.naver.com/v1/nid/me': { status: 502 } }, 503],
])('%s: a page says so, and the other ways to sign in are left', async (_, changes, status) => {
  answers = {
    'nid.naver.com/oauth2.0/token': { access_token: 'theirs', token_type: 'bearer' },
    ...changes,
  };
  const browser = createBrowser(app);
  const there = new URL(await leave(browser, createFlow(client).url, 'naver'));
  const query = new URLSearchParams({ code: 'c', state: there.searchParams.get('state') ?? '' });
  const answer = await browser.get(`${callbackOf('naver')}?${query}`);
  expect(answer.statusCode).toBe(status);
  expect(answer.body).toContain('Other ways to sign in');
  const [, page = ''] = /href="([^"]+\/authorize\/[^"]+)"/.exec(answer.body) ?? [];
  expect((await browser.get(page)).body).toContain('name="password"');
});

test.each<[string, object]>([
  ['a subject that no index can hold', { sub: 'x'.repeat(8000) }],
  ['a subject that no database keeps', { sub: 'a\u0000b' }],
  ['a subject that is not Unicode', { sub: 'a\ud800' }],
  ['an empty subject', { sub: '' }],
  ['a time of authentication that is none', { auth_time: 'today' }],
])('an ID token with %s is refused with a page', async (_, changes) => {
  const browser = createBrowser(app);
  const there = await goToApple(browser, createFlow(client).url, changes);
  expect((await comeBack(browser, there)).statusCode).toBe(400);
});

test('a time of authentication with a fraction becomes a whole second, and a session’s id of 8,000 characters is not kept', async () => {
  const browser = createBrowser(app);
  const flow = createFlow(client);
  const authenticated = Math.floor(Date.now() / 1000) - 100;
  const odd = { sub: 'odd', auth_time: authenticated + 0.7, sid: 'x'.repeat(8000) };
  const page = nextPage(await comeBack(browser, await goToApple(browser, flow.url, odd)));
  await browser.post(page, { action: 'allow' });
  const { code = '' } = returned(await browser.get(page));
  const tokens = (await flow.redeem(app, code)).json();
  expect(decode(tokens.access_token).claims).toMatchObject({ auth_time: authenticated });
  const redis = new Redis(auth.redis.url);
  const logins = await redis.keys('*:l:*');
  const sids = await Promise.all(logins.map((key) => redis.hget(key, 'provider_sid')));
  await redis.quit();
  expect(sids.length).toBeGreaterThan(0);
  expect(sids.join('')).not.toContain('xxx');
});

test('a provider that cannot prove a fresh sign-in is not offered for a request that wants one', async () => {
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(client, { max_age: '60' }).url));
  const { body } = await browser.get(page);
  expect(body).not.toContain('/providers/');
  const id = page.split('/').at(-1);
  expect((await browser.get(`/providers/github/sign-in?request=${id}`)).statusCode).toBe(400);
});

/** Signs in at Naver, which does not say when a person authenticated there, for a client of ours. */
async function tokensByNaver() {
  answers = {
    'nid.naver.com/oauth2.0/token': { access_token: 'theirs', token_type: 'bearer' },
    'openapi.naver.com/v1/nid/me': { resultcode: '00', response: { id: 'somebody' } },
  };
  const browser = createBrowser(app);
  const redirect_uri = 'http://127.0.0.1/callback';
  const flow = createFlow('latchkey-cli', { redirect_uri, scope: '' });
  const there = new URL(await leave(browser, flow.url, 'naver'));
  const query = new URLSearchParams({ code: 'c', state: there.searchParams.get('state') ?? '' });
  const page = nextPage(await browser.get(`${callbackOf('naver')}?${query}`));
  const { code = '' } = returned(await browser.get(page), redirect_uri);
  return { browser, tokens: (await flow.redeem(app, code)).json() };
}

test('a sign-in at a provider that does not say when it was never counts as recent', async () => {
  const { browser, tokens } = await tokensByNaver();
  expect(decode(tokens.access_token).claims['auth_time']).toBe(1);
  const page = nextPage(await browser.get(createFlow(client, { max_age: '60' }).url));
  expect((await browser.get(page)).body).toContain('name="password"');
  const silent = createFlow(client, { max_age: '60', prompt: 'none' });
  expect(returned(await browser.get(silent.url))).toMatchObject({ error: 'login_required' });
});

test('somebody who has just come back from there can set a password, and nobody later', async () => {
  const { tokens } = await tokensByNaver();
  const setPassword = () =>
    app.inject({
      method: 'PUT',
      url: '/account/password',
      headers: bearer(tokens.access_token),
      payload: { new_password: testPassword },
    });
  ahead = 301_000;
  expect((await setPassword()).statusCode).toBe(401);
  ahead = 0;
  expect((await setPassword()).statusCode).toBe(204);
});

test.each([
  ['google', 'https://accounts.google.com', 'https://accounts.google.com'],
  [
    'microsoft',
    'https://login.microsoftonline.com/{tenantid}/v2.0',
    'https://login.microsoftonline.com/t-1/v2.0',
  ],
])('%s: its discovery document and its ID token are understood', async (id, issuer, signer) => {
  const at = id === 'google' ? 'accounts.google.com' : 'login.microsoftonline.com/common/v2.0';
  const origin = id === 'google' ? 'https://accounts.google.com' : 'https://login.microsoftonline.com';
  const host = new URL(origin).host;
  answers[`${at}/.well-known/openid-configuration`] = {
    ...{ issuer, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` },
    jwks_uri: `${origin}/keys`,
  };
  const jwk = { ...signingKey.publicKey.export({ format: 'jwk' }), kid: 'a1', alg: 'RS256', use: 'sig' };
  answers[`${host}/keys`] = { keys: [jwk] };
  const browser = createBrowser(app);
  const there = new URL(await leave(browser, createFlow(client).url, id));
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    ...{ iss: signer, sub: `of ${id}`, aud: 'our-id', iat: now, exp: now + 600, name: 'Ada', tid: 't-1' },
    nonce: there.searchParams.get('nonce'),
  };
  const input = `${partOf({ alg: 'RS256', kid: 'a1' })}.${partOf(claims)}`;
  const idToken = `${input}.${sign('sha256', Buffer.from(input), signingKey.privateKey).toString('base64url')}`;
  answers[`${host}/token`] = { access_token: 'theirs', token_type: 'Bearer', id_token: idToken };
  const query = new URLSearchParams({ code: 'c', state: there.searchParams.get('state') ?? '' });
  nextPage(await browser.get(`${callbackOf(id)}?${query}`));
  expect(await identityOf(signer, `of ${id}`)).toMatchObject({ displayName: 'Ada' });
});
