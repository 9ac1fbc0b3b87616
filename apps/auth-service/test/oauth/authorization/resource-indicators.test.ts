import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { decode, refresh, startAuthApp, testPassword } from '../../support/auth-app.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  registerApplication,
  returned,
  somebody,
} from './authorization-fixture.ts';

const cart = 'https://cart.example';
const wishlist = 'https://wishlist.example';
const auth = await forThisFile(
  startAuthApp({ env: { RESOURCE_URLS: `cart-service=${cart},wishlist-service=${wishlist}` } }),
);
const { app } = auth;
const application = await registerApplication(auth);
const scope = 'openid offline_access cart:read wishlist:read';

async function granted(changes: Record<string, string> = {}, more = '') {
  const flow = createFlow(application.id, { scope, ...changes });
  const { code = '' } = await authorize(createBrowser(app), { url: flow.url + more }, await somebody(app));
  return { flow, code };
}

const audienceOf = (token: string) => decode(token).claims['aud'];

test('a token is for the one service that its request names (RFC 8707 §2.2), at redemption and at each refresh', async () => {
  const { flow, code } = await granted();
  const first = (await flow.redeem(app, code, { resource: cart })).json();
  expect([first.scope, audienceOf(first.access_token)]).toEqual(['cart:read', ['cart-service']]);
  expect(first.id_token).toBeDefined();
  const second = (
    await refresh(app, first.refresh_token, { client_id: application.id, resource: `${wishlist}/` })
  ).json();
  expect([second.scope, audienceOf(second.access_token)]).toEqual(['wishlist:read', ['wishlist-service']]);
  const all = (await refresh(app, second.refresh_token, { client_id: application.id })).json();
  expect(audienceOf(all.access_token)).toEqual(['cart-service', 'wishlist-service', 'userinfo']);
});

test('an authorization request is limited to the services that it names, one or several (§2.1)', async () => {
  const one = await granted({ resource: wishlist });
  expect((await one.flow.redeem(app, one.code)).json().scope).toBe('openid offline_access wishlist:read');
  const both = await granted({ resource: wishlist }, `&${new URLSearchParams({ resource: cart })}`);
  expect((await both.flow.redeem(app, both.code)).json().scope).toBe(scope);
});

test.each(['/authorize', '/par'])('a form to %s names several, too', async (url) => {
  const flow = createFlow(application.id, { scope });
  const browser = createBrowser(app);
  const several = [cart, wishlist].map((resource) => ['resource', resource]);
  const payload = new URLSearchParams([...Object.entries(flow.parameters), ...several]).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await app.inject({ method: 'POST', url, headers, payload });
  if (url === '/authorize') {
    for (const { name, value } of answer.cookies) browser.cookies.set(name, value);
    const page = String(answer.headers.location);
    await browser.post(page, { action: 'sign_in', username: await somebody(app), password: testPassword });
    await browser.post(page, { action: 'allow' });
    const { code = '' } = returned(await browser.get(page));
    return expect((await flow.redeem(app, code)).json().scope).toBe(scope);
  }
  const pushed = new URLSearchParams({ client_id: application.id, request_uri: answer.json().request_uri });
  const { code = '' } = await authorize(browser, { url: `/authorize?${pushed}` }, await somebody(app));
  expect((await flow.redeem(app, code)).json().scope).toBe(scope);
});

test('one of our own clients gets a token for that service alone, too', async () => {
  const redirect_uri = 'http://127.0.0.1:49152/callback';
  const flow = createFlow('latchkey-cli', { redirect_uri, scope: '', resource: cart });
  const browser = createBrowser(app);
  const page = String((await browser.get(flow.url)).headers.location);
  const username = await somebody(app);
  await browser.post(page, { action: 'sign_in', username, password: 'a long enough passphrase' });
  const { code = '' } = returned(await browser.get(page), redirect_uri);
  const tokens = (await flow.redeem(app, code, { resource: cart })).json();
  expect([tokens.scope, audienceOf(tokens.access_token)]).toEqual(['cart:read cart:write', ['cart-service']]);
});

test.each([
  ['a service that is not known', 'https://payments.example'],
  ['no URL', 'cart-service'],
  ['a service without a scope of this session', wishlist],
])('%s is invalid_target, and uses up neither code nor refresh token', async (_, resource) => {
  const { flow, code } = await granted({ scope: 'openid offline_access cart:read' });
  expect((await flow.redeem(app, code, { resource })).json().error).toBe('invalid_target');
  const { refresh_token } = (await flow.redeem(app, code)).json();
  const refused = await refresh(app, refresh_token, { client_id: application.id, resource });
  expect(refused.json().error).toBe('invalid_target');
  expect((await refresh(app, refresh_token, { client_id: application.id })).statusCode).toBe(200);
});
