import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as jose from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../src/app.ts';
import type { Settings } from '../src/settings.ts';

const publicUrl = 'http://localhost:3001';

async function startApp(changes: Partial<Settings> = {}) {
  const settings: Settings = {
    port: 0,
    host: '127.0.0.1',
    publicUrl,
    issuer: 'http://127.0.0.1:1',
    providerUrl: changes.issuer ?? 'http://127.0.0.1:1',
    clientId: 'gift-ideas',
    clientSecret: 'a-secret',
    wishlistUrl: 'http://127.0.0.1:1',
    cartUrl: 'http://127.0.0.1:1',
    ...changes,
  };
  const app = await buildApp({ settings, logLevel: 'silent' });
  onTestFinished(() => app.close());
  return app;
}

/** Serves these keys, and the metadata of the issuer that is given; 503 for undefined. Returns its own origin. */
async function startMetadata(
  issuerAt: (origin: string) => string | undefined,
  keys: readonly jose.JWK[] = [],
): Promise<string> {
  const server = createServer(({ url }, response) => {
    if (url === '/keys') return void response.end(JSON.stringify({ keys }));
    const issuer = issuerAt(origin);
    response.writeHead(issuer === undefined ? 503 : 200, { 'content-type': 'application/json' });
    const endpoints = { authorization_endpoint: `${issuer}/authorize`, jwks_uri: `${origin}/keys` };
    response.end(JSON.stringify({ issuer, ...endpoints }));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return origin;
}

test('its pages run no script, load nothing but their icon and are not stored; it says how it is', async () => {
  const app = await startApp();
  const { statusCode, headers, body } = await app.inject('/');
  expect(statusCode).toBe(200);
  expect(body).toContain('Sign in with Latchkey');
  expect(body).toContain('<link rel="icon" href="data:,">');
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    ),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect((await app.inject('/nowhere')).statusCode).toBe(404);
  expect((await app.inject('/live')).json()).toEqual({ status: 'live' });
  expect((await app.inject('/ready')).json()).toEqual({ status: 'ready' });
});

test('an idle connection stays open for longer than load balancers use it again: Google’s do so for 600 s', async () => {
  expect((await startApp()).server.keepAliveTimeout).toBeGreaterThan(600_000);
});

test('an answer that nobody waits for signs nobody in', async () => {
  const app = await startApp();
  const answer = await app.inject('/callback?code=stolen&state=guessed');
  expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining('another browser')]);
});

test('while the provider is down it says so, and asks again the next time', async () => {
  let isUp = false;
  const issuer = await startMetadata((origin) => (isUp ? origin : undefined));
  const app = await startApp({ issuer });
  const down = await app.inject({ url: '/sign-in', headers: { 'accept-language': 'ko' } });
  expect([down.statusCode, down.body]).toEqual([503, expect.stringContaining('연결할 수 없습니다')]);
  isUp = true;
  const up = await app.inject('/sign-in');
  expect(up.statusCode).toBe(303);
  const { origin, pathname, searchParams } = new URL(String(up.headers.location));
  expect(origin + pathname).toBe(`${issuer}/authorize`);
  expect(Object.fromEntries(searchParams)).toMatchObject({
    client_id: 'gift-ideas',
    redirect_uri: `${publicUrl}/callback`,
    scope: 'openid profile offline_access wishlist:read',
    code_challenge_method: 'S256',
    state: expect.any(String),
    nonce: expect.any(String),
  });
});

test('it may reach the provider elsewhere than browsers do, if that one is the issuer all the same', async () => {
  let issuer = 'http://127.0.0.1:1';
  const providerUrl = await startMetadata(() => issuer);
  const app = await startApp({ issuer, providerUrl });
  issuer = 'http://127.0.0.1:2';
  expect((await app.inject('/sign-in')).statusCode).toBe(503);
  issuer = 'http://127.0.0.1:1';
  const { statusCode, headers } = await app.inject('/sign-in');
  expect([statusCode, new URL(String(headers.location)).origin]).toEqual([303, issuer]);
});

test.each([
  { setting: '', named: '' },
  { setting: '/', named: '' },
  { setting: '', named: '/' },
  { setting: '/auth', named: '/auth' },
  { setting: '/auth/', named: '/auth' },
  { setting: '/auth/', named: '/auth/' },
  { setting: '/auth', named: '/auth/' },
])('with ISSUER …$setting it signs in and out at the issuer …$named', async ({ setting, named }) => {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256');
  const origin = await startMetadata((here) => `${here}${named}`, [await jose.exportJWK(publicKey)]);
  const app = await startApp({ issuer: `${origin}${setting}`, providerUrl: origin });
  expect((await app.inject('/sign-in')).statusCode).toBe(303);
  const logout = async (issuer: string) => {
    const token = await new jose.SignJWT({
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ...{ sid: 'a-session', jti: 'once' },
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'logout+jwt' })
      .setIssuer(issuer)
      .setAudience('gift-ideas')
      .setIssuedAt()
      .sign(privateKey);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const payload = new URLSearchParams({ logout_token: token }).toString();
    return (await app.inject({ method: 'POST', url: '/backchannel-logout', headers, payload })).statusCode;
  };
  expect(await logout(`${origin}${named}`)).toBe(200);
  for (const other of [`${origin}${named}x`, named.endsWith('/') ? origin : `${origin}${named}/`])
    expect(await logout(other)).toBe(400);
});

test.each(['/auth/', '/auth'])(
  'metadata of another path than that of the issuer …%s are refused',
  async (path) => {
    const origin = await startMetadata((here) => `${here}/other`);
    const app = await startApp({ issuer: `${origin}${path}`, providerUrl: origin });
    expect((await app.inject('/sign-in')).statusCode).toBe(503);
  },
);

test.each([
  { url: publicUrl, name: 'gift-ideas-sign-in-3001', secure: undefined },
  { url: 'https://gifts.example', name: '__Host-gift-ideas-sign-in-443', secure: true },
])('its cookies at $url are its own', async ({ url, name, secure }) => {
  const app = await startApp({ publicUrl: url });
  const { cookies } = await app.inject('/callback');
  expect(cookies).toMatchObject([{ name, path: '/', httpOnly: true, sameSite: 'Lax' }]);
  expect(cookies[0]?.['secure']).toBe(secure);
});
