import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import {
  bearer,
  from,
  refreshCookie,
  register,
  startAuthApp,
  storefrontOrigin,
  testPassword,
} from '../support/auth-app.ts';

const auth = await forThisFile(startAuthApp());

async function signInByBrowser(app = auth.app, origin: string | undefined = storefrontOrigin) {
  const username = await register(app);
  return app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'storefront', username, password: testPassword },
    headers: { ...from(username), ...(origin === undefined ? {} : { origin }) },
  });
}

function refreshByCookie(
  cookies: Record<string, string>,
  headers: Record<string, string> = { origin: storefrontOrigin },
) {
  return auth.app.inject({
    method: 'POST',
    url: '/sessions/refresh',
    payload: { client_id: 'storefront' },
    cookies,
    headers,
  });
}

const cookieOf = (answer: { cookies: readonly { name: string; value: string }[] }) => answer.cookies[0];

test('a browser gets its refresh token in a cookie that no script can read, and not in the body', async () => {
  const answer = await signInByBrowser();
  expect(answer.statusCode).toBe(201);
  expect(answer.json()).not.toHaveProperty('refresh_token');
  expect(cookieOf(answer)).toMatchObject({
    name: refreshCookie,
    value: expect.stringMatching(/^rt1\./),
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
  });
});

test('over HTTPS the cookie is Secure and bound to the host (__Host-)', async () => {
  const secure = await startAuthApp({
    env: { ISSUER: 'https://auth.example', JWKS_URI: 'https://auth.example/.well-known/jwks.json' },
  });
  try {
    const cookie = cookieOf(await signInByBrowser(secure.app));
    expect(cookie).toMatchObject({ secure: true, httpOnly: true, path: '/' });
    expect(cookie?.name).toMatch(/^__Host-latchkey-refresh-[0-9a-f]{8}$/);
    expect(cookie).not.toHaveProperty('domain');
  } finally {
    await secure.stop();
  }
});

test('the cookie refreshes, and each answer brings the next one', async () => {
  const first = cookieOf(await signInByBrowser());
  const answer = await refreshByCookie({ [refreshCookie]: first?.value ?? '' });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.json()).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) });
  expect(cookieOf(answer)?.value).toMatch(/^rt1\./);
  expect(cookieOf(answer)?.value).not.toBe(first?.value);
});

test('signing in anew in the same browser ends the session that it replaces', async () => {
  const username = await register(auth.app);
  const signIn = (cookies: Record<string, string>) =>
    auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'storefront', username, password: testPassword },
      headers: { ...from(username), origin: storefrontOrigin },
      cookies,
    });
  const first = cookieOf(await signIn({}))?.value ?? '';
  const second = cookieOf(await signIn({ [refreshCookie]: first }))?.value ?? '';
  expect((await refreshByCookie({ [refreshCookie]: first })).statusCode).toBe(401);
  expect((await refreshByCookie({ [refreshCookie]: second })).statusCode).toBe(200);
});

describe('another site cannot use the cookie', () => {
  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another port', { origin: 'http://localhost:3001' }],
    ['the opaque origin', { origin: 'null' }],
    ['no origin', {}],
  ])('refreshing from %s is 403, and the session lives on', async (_what, headers) => {
    const cookie = cookieOf(await signInByBrowser());
    const answer = await refreshByCookie({ [refreshCookie]: cookie?.value ?? '' }, headers);
    expect(answer.statusCode).toBe(403);
    expect(answer.json().code).toBe('origin_not_allowed');
    expect(answer.cookies).toEqual([]);
    expect((await refreshByCookie({ [refreshCookie]: cookie?.value ?? '' })).statusCode).toBe(200);
  });

  test('signing in from another origin is 403', async () => {
    expect((await signInByBrowser(auth.app, 'https://evil.example')).statusCode).toBe(403);
  });

  test('a page of another site is told so before it signs in, and when it has no session', async () => {
    const headers = { origin: storefrontOrigin, 'sec-fetch-site': 'cross-site' };
    const payload = { client_id: 'storefront', username: 'nobody', password: 'none' };
    const signIn = await auth.app.inject({ method: 'POST', url: '/sessions', payload, headers });
    expect([signIn.statusCode, signIn.json().code]).toEqual([403, 'cross_site']);
    expect(signIn.headers['set-cookie']).toBeUndefined();
    expect(signIn.headers['access-control-allow-origin']).toBe(storefrontOrigin);
    expect((await refreshByCookie({}, headers)).json()).toMatchObject({
      code: 'session_ended',
      reason: 'cross_site',
    });
  });

  test.each(['same-site', 'same-origin', 'none'])('a page that is %s signs in', async (site) => {
    const username = await register(auth.app);
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/sessions',
      payload: { client_id: 'storefront', username, password: testPassword },
      headers: { ...from(username), origin: storefrontOrigin, 'sec-fetch-site': site },
    });
    expect(answer.statusCode).toBe(201);
  });

  test('CORS names exact origins, and never * with credentials', async () => {
    const preflight = (origin: string) =>
      auth.app.inject({
        method: 'OPTIONS',
        url: '/sessions/refresh',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const own = await preflight(storefrontOrigin);
    expect(own.headers['access-control-allow-origin']).toBe(storefrontOrigin);
    expect(own.headers['access-control-allow-credentials']).toBe('true');
    const foreign = await preflight('https://evil.example');
    expect(foreign.headers['access-control-allow-origin'] ?? 'none').not.toMatch(/evil|\*/);
  });
});

test('signing out deletes the cookie, which is refused afterwards', async () => {
  const signedIn = await signInByBrowser();
  const cookie = cookieOf(signedIn);
  const answer = await auth.app.inject({
    method: 'DELETE',
    url: '/sessions/current',
    headers: bearer(signedIn.json().access_token),
    cookies: { [refreshCookie]: cookie?.value ?? '' },
  });
  expect(answer.cookies).toMatchObject([{ name: refreshCookie, value: '' }]);
  const refused = await refreshByCookie({ [refreshCookie]: cookie?.value ?? '' });
  expect(refused.statusCode).toBe(401);
  expect(refused.json().code).toBe('session_ended');
  expect(refused.cookies).toMatchObject([{ name: refreshCookie, value: '' }]);
});

test.each([
  ['no cookie', {}],
  ['garbage', { [refreshCookie]: 'garbage' }],
])('refreshing with %s is 401 session_ended', async (_what, cookies) => {
  const answer = await refreshByCookie(cookies);
  expect(answer.statusCode).toBe(401);
  expect(answer.json().code).toBe('session_ended');
});

test('a browser’s refresh token is refused at the token endpoint, and to another client', async () => {
  const cookie = cookieOf(await signInByBrowser());
  for (const client of ['storefront', 'latchkey-cli']) {
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: client,
        refresh_token: cookie?.value ?? '',
      }).toString(),
    });
    expect(answer.statusCode).toBe(400);
  }
});
