import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { problem } from './http-server.ts';

test('nobody knows of a session: signed out, and there is no reason to tell', async () => {
  const browser = await openBrowser();
  const { session } = browser.openTab();
  expect(session.state()).toEqual({ status: 'restoring' });
  expect(await session.restore()).toEqual({ status: 'signed_out', reason: null });
  expect(browser.auth.asked).toEqual(['POST /sessions/refresh']);
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

test('a tab whose token is over does not hand it on', async () => {
  const browser = await openBrowser();
  await signedInTab(browser);
  browser.clock.step(301_000);
  const { session } = browser.openTab();
  await session.restore();
  expect(browser.auth.refreshes()).toBe(1);
});

test('that another tab is signed out is no answer: it may have been asleep', async () => {
  const browser = await openBrowser();
  const other = browser.openTab();
  await other.session.restore();
  const { session } = browser.openTab();
  await session.restore();
  expect(browser.auth.refreshes()).toBe(2);
});

test('asking twice asks once', async () => {
  const browser = await openBrowser();
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

test('while it cannot be told, the state is open, and it is tried again', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  browser.auth.fail('/sessions/refresh', undefined);
  const { session } = browser.openTab();
  await expect(session.restore()).rejects.toMatchObject({ code: 'unreachable', status: null });
  expect(session.state()).toEqual({ status: 'restoring' });
  browser.clock.advance(2_000);
  await eventually('the session is restored', () => expect(session.state().status).toBe('signed_in'));
});

test('a request while it is not known yet waits for it', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  const { session } = browser.openTab();
  expect((await session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  expect(browser.auth.refreshes()).toBe(1);
});

test('an answer that is no token is an error, and not the end of the session', async () => {
  const browser = await openBrowser();
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
