import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { testPassword } from './auth-server.ts';
import { type Browser, openBrowser, signedIn, signedInTab, type Tab } from './browser.ts';
import { problem } from './http-server.ts';

const refuse = (): never => {
  throw new DOMException('The operation is insecure.', 'SecurityError');
};

test('for a first visitor, auth-service gets no request: signed out, without a reason', async () => {
  const browser = await openBrowser();
  const { session, platform } = browser.openTab();
  expect(session.state()).toEqual({ status: 'restoring' });
  expect(await session.restore()).toEqual({ status: 'signed_out', reason: null });
  await expect(session.fetch(`${browser.cart.origin}/cart`)).rejects.toMatchObject({ code: 'signed_out' });
  platform.wake('thawed');
  platform.wake('online');
  await session.signOut();
  expect([browser.auth.asked, browser.cart.asked]).toEqual([[], []]);
});

test.each([
  ['here', async (tab: Tab) => tab.session.signOut()],
  ['everywhere', async (tab: Tab) => tab.session.signOut({ everywhere: true })],
  [
    'elsewhere',
    async (tab: Tab, { auth }: Browser) => {
      auth.fail('/sessions/refresh', problem(401, 'session_ended', { reason: 'displaced' }));
      await tab.session.refresh();
    },
  ],
])('after a session that was ended %s, the next load of the page asks nothing', async (_where, end) => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  await end(tab, browser);
  tab.session.close();
  const before = browser.auth.asked.length;
  const { session } = browser.openTab();
  expect(await session.restore()).toEqual({ status: 'signed_out', reason: null });
  expect(browser.auth.asked.length).toBe(before);
});

test('a wrong password and a failed sign-out do not change what is remembered', async () => {
  const browser = await openBrowser();
  const tab = browser.openTab();
  const wrong = tab.session.signIn({ username: 'mina', password: 'wrong' });
  await expect(wrong).rejects.toMatchObject({ status: 401 });
  expect(browser.stored.size).toBe(0);
  await tab.session.signIn({ username: 'mina', password: testPassword });
  browser.auth.fail('/sessions/current', undefined);
  await expect(tab.session.signOut()).rejects.toMatchObject({ code: 'unreachable' });
  tab.session.close();
  const { session } = browser.openTab();
  expect(await session.restore()).toMatchObject({ status: 'signed_in' });
});

test('only the existence of a session is remembered, and whether its cookie has come back', async () => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  const name = `latchkey session ["${browser.auth.origin}","storefront"]`;
  expect([...browser.stored]).toEqual([[name, 'new']]);
  await session.refresh();
  expect([...browser.stored]).toEqual([[name, '']]);
});

test.each([
  ['that never came back is told that the browser did not keep it', false, 'no_cookie'],
  ['that has come back before is told nothing: it may have expired', true, null],
])('a page that is loaded again without its cookie, %s', async (_what, hasComeBack, reason) => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  if (hasComeBack) await session.refresh();
  session.close();
  browser.auth.fail('/sessions/refresh', problem(401, 'session_ended', { reason: 'no_cookie' }));
  expect(await browser.openTab().session.restore()).toEqual({ status: 'signed_out', reason });
  expect(browser.stored.size).toBe(0);
});

test('each client of an issuer remembers its own session', async () => {
  const browser = await openBrowser();
  await signedInTab(browser);
  const { session } = browser.openTab({ clientId: 'other' });
  expect(await session.restore()).toEqual({ status: 'signed_out', reason: null });
  expect(browser.auth.refreshes()).toBe(0);
});

test.each([
  ['is not there', { without: ['storage'] }],
  ['refuses', { storage: { getItem: refuse, setItem: refuse, removeItem: refuse } }],
] as const)('where a storage %s, the cookie is asked for in any case', async (_what, options) => {
  const browser = await openBrowser();
  (await signedInTab(browser, options)).session.close();
  const { session } = browser.openTab(options);
  expect(await session.restore()).toMatchObject({ status: 'signed_in' });
  await session.signOut();
  expect(session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' });
});

test('refresh asks also when nothing is remembered, as for another page of the same issuer', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  browser.stored.clear();
  const { session } = browser.openTab();
  expect(await session.restore()).toEqual({ status: 'signed_out', reason: null });
  expect(await session.refresh()).toMatchObject({ status: 'signed_in' });
});

test('a page from the back-forward cache learns of a session that began meanwhile', async () => {
  const browser = await openBrowser();
  const asleep = browser.openTab({ without: ['channels'] });
  await asleep.session.restore();
  await signedInTab(browser);
  asleep.platform.wake('thawed');
  await eventually('signed in', () => expect(asleep.session.state().status).toBe('signed_in'));
});

test('the cookie brings the session back', async () => {
  const browser = await openBrowser();
  const before = await signedInTab(browser);
  before.session.close();
  const { session } = browser.openTab();
  const state = await session.restore();
  expect(state).toEqual({
    status: 'signed_in',
    accessToken: expect.stringMatching(/^e30\./),
    subject: 'mina',
    sessionId: 'session-1',
    scopes: ['cart:read', 'cart:write'],
    expiresAtMs: browser.clock.now() + 300_000,
    authTimeMs: 1_800_000_000_000,
    isBound: true,
  });
  expect(session.state()).toBe(state);
  expect(browser.auth.bodies('/sessions/refresh')).toEqual([{ client_id: 'storefront' }]);
});

test('another tab’s token is taken, and auth-service is not asked', async () => {
  const browser = await openBrowser();
  const first = await signedInTab(browser);
  const second = browser.openTab();
  expect(await second.session.restore()).toEqual(first.session.state());
  expect(browser.auth.refreshes()).toBe(0);
});

test('a tab does not hand on an expired token', async () => {
  const browser = await openBrowser();
  await signedInTab(browser);
  browser.clock.step(301_000);
  const { session } = browser.openTab();
  await session.restore();
  expect(browser.auth.refreshes()).toBe(1);
});

test('that another tab is signed out is no answer: it may have been asleep', async () => {
  const browser = await openBrowser();
  const asleep = browser.openTab({ without: ['storage'] });
  await asleep.session.restore();
  // Its channel is silent, so the other tab does not learn of it.
  await signedInTab(browser, { without: ['channels'] });
  const before = browser.auth.refreshes();
  const { session } = browser.openTab();
  expect(await session.restore()).toMatchObject({ status: 'signed_in' });
  expect(browser.auth.refreshes()).toBe(before + 1);
});

test('two calls cause one request', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  const { session } = browser.openTab();
  await Promise.all([session.restore(), session.restore()]);
  await session.restore();
  expect(browser.auth.refreshes()).toBe(1);
});

test('several tabs that open at once ask once', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  const tabs = [1, 2, 3, 4, 5].map(() => browser.openTab());
  await Promise.all(tabs.map(({ session }) => session.restore()));
  expect(new Set(tabs.map((tab) => signedIn(tab).accessToken)).size).toBe(1);
  expect(browser.auth.refreshes()).toBe(1);
});

test('while it is not known, the state is open, and the request is retried', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  browser.auth.fail('/sessions/refresh', undefined);
  const { session } = browser.openTab();
  await expect(session.restore()).rejects.toMatchObject({ code: 'unreachable', status: null });
  expect(session.state()).toEqual({ status: 'restoring' });
  browser.clock.advance(2_000);
  await eventually('the session is restored', () => expect(session.state().status).toBe('signed_in'));
});

test('a request waits until it is known', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  const { session } = browser.openTab();
  expect((await session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  expect(browser.auth.refreshes()).toBe(1);
});

test('an answer that is no token is an error, and not the end of the session', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  const { session } = browser.openTab();
  for (const answer of [
    { status: 200, body: { access_token: 'abc', expires_in: 300 } },
    { status: 200, body: '<html>' },
    { status: 200, body: 'null' },
    { status: 401, body: '<html>' },
    problem(401, 'invalid_token'),
  ]) {
    browser.auth.fail('/sessions/refresh', answer);
    await expect(session.restore()).rejects.toMatchObject({ name: 'SessionError', status: answer.status });
    expect(session.state()).toEqual({ status: 'restoring' });
    browser.clock.step(1_000);
  }
});
