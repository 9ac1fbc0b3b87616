import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { forThisFile } from '@latchkey/testing';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import * as openid from 'openid-client';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import {
  type Answer,
  type Cookies,
  cancelAtExampleId,
  seededPeople,
  signInAtExampleId,
  signOutAtExampleId,
  startExampleId,
} from '../src/index.ts';

const [mina, viewer] = seededPeople;
const redirectUri = 'http://localhost:9/callback';
const logoutTokens: string[] = [];
const backchannel = createServer(async (request, response) => {
  logoutTokens.push(new URLSearchParams(await text(request)).get('logout_token') ?? '');
  response.end();
}).listen(0, '127.0.0.1');
await once(backchannel, 'listening');
afterAll(() => void backchannel.close());

const client = {
  client_id: 'shop',
  client_secret: 'a-secret',
  client_name: 'The <shop>',
  redirect_uris: [redirectUri],
  post_logout_redirect_uris: ['http://localhost:9/signed-out'],
  backchannel_logout_uri: `http://localhost:${(backchannel.address() as AddressInfo).port}/`,
};
const exampleId = await forThisFile(startExampleId({ clients: [client] }));
const authentication = openid.ClientSecretBasic(client.client_secret);
const configuration = () =>
  openid.discovery(new URL(exampleId.issuer), client.client_id, undefined, authentication, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });

/** A sign-in of the client, whose answer is checked as openid-client does it. */
async function begin(parameters: Record<string, string> = {}) {
  const config = await configuration();
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile',
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...parameters,
  });
  async function redeem(answer: Answer) {
    const response = answer.form
      ? new Request(answer.url, { method: 'POST', body: new URLSearchParams(answer.form) })
      : new URL(answer.url);
    const checks = { pkceCodeVerifier, expectedState, expectedNonce };
    const tokens = await openid.authorizationCodeGrant(config, response, checks);
    return { tokens, claims: tokens.claims() as openid.IDToken };
  }
  return { config, url, redeem };
}

async function signIn(parameters: Record<string, string> = {}, cookies: Cookies = new Map()) {
  const { config, url, redeem } = await begin(parameters);
  return { config, ...(await redeem(await signInAtExampleId(url, mina, { cookies }))) };
}

test.each(['query', 'form_post'])('somebody signs in, answered by %s', async (mode) => {
  const { config, tokens, claims } = await signIn({ response_mode: mode });
  const person = { sub: mina.subject, name: 'Mina', preferred_username: 'mina' };
  expect(claims).toMatchObject({ ...person, iss: exampleId.issuer, amr: ['pwd'], sid: expect.any(String) });
  expect(await openid.fetchUserInfo(config, tokens.access_token, claims.sub)).toEqual(person);
  expect(tokens.refresh_token).toBeUndefined();
});

test('a wrong password signs nobody in, and the page says so', async () => {
  const { url } = await begin();
  const wrong = signInAtExampleId(url, { username: 'mina', password: viewer.password });
  await expect(wrong).rejects.toThrow(/401.*The user name or the password is wrong/s);
});

test.each(['query', 'form_post'])('a cancelled sign-in is denied, answered by %s', async (mode) => {
  const { url, redeem } = await begin({ response_mode: mode });
  await expect(redeem(await cancelAtExampleId(url))).rejects.toMatchObject({ error: 'access_denied' });
});

test('who is signed in is asked again for prompt=login, and for a max_age that has passed', async () => {
  const cookies: Cookies = new Map();
  const sub = mina.subject;
  await signIn({}, cookies);
  const silently = await begin({ prompt: 'none' });
  const answer = await signInAtExampleId(silently.url, mina, { cookies });
  expect((await silently.redeem(answer)).claims).toMatchObject({ sub });

  exampleId.ageSignIns(100);
  const { auth_time: first = 0 } = (await signIn({ max_age: '200' }, cookies)).claims;
  expect(Date.now() / 1000 - first).toBeGreaterThan(99);
  for (const parameters of [{ max_age: '50' }, { prompt: 'login' }]) {
    const { url } = await begin(parameters);
    await expect(signInAtExampleId(url, { ...mina, password: '' }, { cookies })).rejects.toThrow('401');
    const { auth_time: second = 0 } = (await signIn(parameters, cookies)).claims;
    expect(second - first).toBeGreaterThan(99);
    exampleId.ageSignIns(100);
  }
  const again = await begin({ prompt: 'none', max_age: '50' });
  await expect(again.redeem(await signInAtExampleId(again.url, mina, { cookies }))).rejects.toMatchObject({
    error: 'login_required',
  });
});

test('another person signs in with the same browser: the first one is signed out of all clients', async () => {
  const cookies: Cookies = new Map();
  const { claims } = await signIn({}, cookies);
  const other = await begin({ prompt: 'login' });
  const answer = await signInAtExampleId(other.url, viewer, { cookies });
  expect((await other.redeem(answer)).claims.sub).toBe(viewer.subject);
  expect(payloadOf(logoutTokens.at(-1))).toMatchObject({ sid: claims['sid'] });
});

test('who signs out is signed out, and the clients are told', async () => {
  const cookies: Cookies = new Map();
  const { config, tokens, claims } = await signIn({}, cookies);
  const url = openid.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: 'http://localhost:9/signed-out',
    state: 'kept',
  });
  expect(await signOutAtExampleId(url, cookies)).toBe('http://localhost:9/signed-out?state=kept');
  expect(payloadOf(logoutTokens.at(-1))).toMatchObject({
    iss: exampleId.issuer,
    aud: client.client_id,
    sub: mina.subject,
    sid: claims['sid'],
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  const { url: next, redeem } = await begin({ prompt: 'none' });
  await expect(redeem(await signInAtExampleId(next, mina, { cookies }))).rejects.toMatchObject({
    error: 'login_required',
  });
});

test('a new key signs after a rotation, and the old one is gone; sign-ins stay', async () => {
  const cookies: Cookies = new Map();
  const kids = async () => {
    const { jwks_uri: uri = '' } = (await configuration()).serverMetadata();
    return ((await (await fetch(uri)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  };
  await signIn({}, cookies);
  const [before] = await kids();
  await exampleId.rotateKeys();
  const after = await kids();
  expect(after).toHaveLength(1);
  expect(after).not.toContain(before);
  await signIn({ prompt: 'none' }, cookies);
});

test('its pages are in Korean for who asks for it, and run no script', async () => {
  const { url } = await begin({ ui_locales: 'ko', login_hint: '<mina>' });
  const redirect = await fetch(url, { redirect: 'manual' });
  const cookie = redirect.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  const address = new URL(redirect.headers.get('location') ?? '', url);
  const page = await fetch(address, { headers: { cookie } });
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:; frame-ancestors 'none'; /,
  );
  expect(cookie).toMatch(/example-id-interaction-\d+=/);
  const body = await page.text();
  expect(body).toContain('<html lang="ko">');
  expect(body).toContain('<link rel="icon" href="data:,">');
  expect(body).toContain('The &lt;shop&gt;에 로그인');
  expect(body).toContain('value="&lt;mina&gt;"');
  // A form of another site, and another browser.
  const form = { method: 'POST', body: new URLSearchParams({ action: 'cancel' }) };
  expect((await fetch(address, { ...form, headers: { cookie } })).status).toBe(403);
  expect((await fetch(address, form)).status).toBe(400);
});

test.each([
  { path: '/', status: 200, says: mina.password },
  { path: '/nowhere', status: 404, says: 'Not Found' },
  { path: '/auth?client_id=unknown', status: 400, says: 'This did not work' },
  {
    path: '/auth?client_id=shop&redirect_uri=https://elsewhere.example',
    status: 400,
    says: 'This did not work',
  },
  { path: '/ready', status: 200, says: 'ready' },
])('$path is answered $status', async ({ path, status, says }) => {
  const response = await fetch(exampleId.issuer + path);
  expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(says)]);
});

test('a client that is not valid keeps it from starting', async () => {
  await expect(startExampleId({ clients: [{ ...client, redirect_uris: ['nowhere'] }] })).rejects.toThrow();
});

// A hosts file may name one of the two addresses alone, as a container's often does.
test.each(['localhost', 'LOCALHOST'])('%s is every address that a browser may take it for', async (host) => {
  const started = await startExampleId({ clients: [], host });
  onTestFinished(started.stop);
  for (const address of loopbackAddresses) {
    const { port } = new URL(started.issuer);
    const [response] = await once(get({ host: address, port, path: '/ready' }), 'response');
    expect(await text(response)).toContain('ready');
  }
});

test.each(loopbackAddresses)(
  'it does not start where another program has the port at %s',
  async (address) => {
    const other = createNetServer().listen(0, address);
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const started = startExampleId({ clients: [], host: 'localhost', port });
    await expect(started).rejects.toMatchObject({ code: 'EADDRINUSE', address });
  },
);

/** Not verified: it came from the provider itself. */
function payloadOf(token = ''): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
