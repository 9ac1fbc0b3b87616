import { expect, test } from 'vitest';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { startHttpServer } from './http-server.ts';

test('the issuer and the listed services get the token, and no cookie', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  await tab.session.fetch(new URL('/cart', browser.cart.origin), { headers: [['x-request-id', 'r1']] });
  const [{ headers } = { headers: {} }] = browser.cart.asked;
  expect(headers).toMatchObject({
    authorization: `DPoP ${signedIn(tab).accessToken}`,
    'x-request-id': 'r1',
  });
  expect(headers).not.toHaveProperty('cookie');
  expect((await tab.session.fetch(`${browser.auth.origin}/sessions`)).status).toBe(404);
});

test('the caller’s own Authorization header does not go out', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  await tab.session.fetch(`${browser.cart.origin}/cart`, { headers: { Authorization: 'Basic abc' } });
  expect(browser.cart.asked[0]?.headers.authorization).toBe(`DPoP ${signedIn(tab).accessToken}`);
});

test('no other origin gets a request', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const other = await startHttpServer(() => ({ status: 200 }));
  const { port } = new URL(browser.cart.origin);
  for (const address of [
    other.origin,
    `http://localhost:${port}/cart`,
    `https://127.0.0.1:${port}/cart`,
    `http://127.0.0.1:${port}@evil.example/`,
    `blob:${browser.cart.origin}/1`,
    'data:text/plain,hello',
    '/cart',
    '//evil.example/cart',
    'cart',
    '',
  ]) {
    await expect(tab.session.fetch(address)).rejects.toMatchObject({
      name: 'SessionError',
      code: 'origin_not_allowed',
      status: null,
    });
  }
  expect([...other.asked, ...browser.cart.asked]).toEqual([]);
  await other.close();
});

test.each([301, 302, 303, 307, 308])('a redirect (%s) is not followed, wherever it leads', async (status) => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const other = await startHttpServer(() => ({ status: 200 }));
  for (const location of [other.origin, `${browser.cart.origin}/elsewhere`, '/elsewhere']) {
    browser.answer = () => ({ status, headers: { location } });
    const asked = tab.session.fetch(`${browser.cart.origin}/cart`, { redirect: 'follow' });
    await expect(asked).rejects.toMatchObject({ name: 'SessionError', code: 'redirected', status });
  }
  expect(other.asked).toEqual([]);
  expect(browser.cart.asked.map(({ path }) => path)).toEqual(['/cart', '/cart', '/cart']);
  await other.close();
});

test('auth-service’s redirect is not followed with a password', async () => {
  const browser = await openBrowser();
  const { session } = browser.openTab();
  const other = await startHttpServer(() => ({ status: 200 }));
  browser.auth.fail('/sessions', { status: 307, headers: { location: other.origin } });
  await expect(session.signIn({ username: 'mina', password: 'x' })).rejects.toMatchObject({
    code: 'redirected',
  });
  expect(other.asked).toEqual([]);
  await other.close();
});

test('a service that is not there is unreachable, and the session goes on', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  await browser.cart.close();
  await expect(tab.session.fetch(`${browser.cart.origin}/cart`)).rejects.toMatchObject({
    name: 'SessionError',
    code: 'unreachable',
    status: null,
    cause: expect.any(TypeError),
  });
  expect(tab.session.state().status).toBe('signed_in');
});

test('the caller gets the reason of its own abort', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const reason = new Error('enough');
  const gone = tab.session.fetch(`${browser.cart.origin}/cart`, { signal: AbortSignal.abort(reason) });
  await expect(gone).rejects.toBe(reason);
});
