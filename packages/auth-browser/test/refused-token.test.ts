import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { invalidToken, testPassword } from './auth-server.ts';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { type Answer, problem } from './http-server.ts';

test('a refused token is renewed once, and the request is made once more', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.refuse(signedIn(tab).accessToken);
  const response = await tab.session.fetch(`${browser.cart.origin}/cart/items`, {
    method: 'POST',
    body: '{"sku":"tea"}',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
  });
  expect(response.status).toBe(200);
  expect(browser.cart.asked.map(({ method, text }) => `${method} ${text}`)).toEqual([
    'POST {"sku":"tea"}',
    'POST {"sku":"tea"}',
  ]);
  expect(browser.cart.asked[1]?.headers['idempotency-key']).toBe('k1');
  expect(browser.auth.refreshes()).toBe(1);
});

test('many requests with a refused token cause one renewal', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.refuse(signedIn(tab).accessToken);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => tab.session.fetch(`${browser.cart.origin}/cart`)),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(browser.auth.refreshes()).toBe(1);
});

test('a challenge without a problem document is understood, too', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  let refusals = 1;
  browser.answer = () =>
    refusals-- > 0
      ? { status: 401, body: 'no', headers: { 'www-authenticate': 'Bearer error=invalid_token' } }
      : undefined;
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
});

test.each([
  ['a sign-in too long ago', problem(401, 'insufficient_user_authentication')],
  ['a wrong password', problem(401, 'invalid_credentials')],
  ['a missing scope', problem(403, 'insufficient_scope')],
  ['an unavailable service', problem(503, 'database_unavailable')],
  ['a 401 that says nothing', { status: 401, body: '' }],
])('the caller gets %s unchanged', async (_, answer) => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.answer = () => answer;
  const response = await tab.session.fetch(`${browser.cart.origin}/cart`);
  expect(response.status).toBe(answer.status);
  expect(await response.text()).toBe(
    typeof answer.body === 'object' ? JSON.stringify(answer.body) : answer.body,
  );
  expect(browser.cart.asked).toHaveLength(1);
  expect(browser.auth.refreshes()).toBe(0);
});

test('a stream cannot be sent again: the caller gets the refusal, and the next request has a new token', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.refuse(signedIn(tab).accessToken);
  const body = new Blob(['{"sku":"tea"}']).stream();
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  expect((await tab.session.fetch(`${browser.cart.origin}/cart/items`, init)).status).toBe(401);
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  expect(browser.cart.asked).toHaveLength(2);
});

test('when the session has ended, the caller gets the refusal, and the state says why', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.end('mina', 'displaced');
  const response = await tab.session.fetch(`${browser.cart.origin}/cart`);
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'invalid_token' });
  expect(tab.session.state()).toEqual({ status: 'signed_out', reason: 'displaced' });
});

test('the service’s reason counts when auth-service has none', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.answer = () => invalidToken('ended_all');
  browser.auth.fail('/sessions/refresh', problem(401, 'session_ended'));
  await tab.session.fetch(`${browser.cart.origin}/cart`);
  expect(tab.session.state()).toEqual({ status: 'signed_out', reason: 'ended_all' });
});

test('a service that refuses every token does not have it renewed with every request', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.answer = () => invalidToken();
  for (let index = 0; index < 10; index++)
    expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(401);
  expect(browser.auth.refreshes()).toBe(1);
  browser.clock.step(1_000);
  for (let index = 0; index < 10; index++) await tab.session.fetch(`${browser.cart.origin}/cart`);
  expect(browser.auth.refreshes()).toBe(2);
  browser.clock.step(1_000);
  await tab.session.fetch(`${browser.cart.origin}/cart`);
  expect(browser.auth.refreshes()).toBe(2);
  browser.clock.step(1_000);
  browser.answer = undefined;
  browser.auth.refuse(signedIn(tab).accessToken);
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
});

test('a request of one person is not repeated with the token of another', async () => {
  const browser = await openBrowser();
  const [one, two] = [await signedInTab(browser), browser.openTab()];
  await two.session.restore();
  const arrived = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Answer>();
  browser.answer = () => {
    arrived.resolve();
    return answered.promise;
  };
  const paying = one.session.fetch(`${browser.cart.origin}/payments`, { method: 'POST', body: '{}' });
  await arrived.promise;
  await two.session.signIn({ username: 'noah', password: testPassword });
  await eventually('the tab is signed in as somebody else', () => expect(signedIn(one).subject).toBe('noah'));
  answered.resolve(invalidToken('replaced'));
  expect((await paying).status).toBe(401);
  expect(browser.cart.asked).toHaveLength(1);
});
