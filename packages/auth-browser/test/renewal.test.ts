import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { invalidToken } from './auth-server.ts';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { problem } from './http-server.ts';

test('a token is renewed at 80 % of its life, unasked', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const { accessToken } = signedIn(tab);
  browser.clock.advance(239_000);
  expect(browser.auth.refreshes()).toBe(0);
  browser.clock.advance(1_000);
  await eventually('the tab has another token', () =>
    expect(signedIn(tab).accessToken).not.toBe(accessToken),
  );
  expect(signedIn(tab).expiresAtMs).toBe(browser.clock.now() + 300_000);
  browser.clock.advance(240_000);
  await eventually('a second refresh was asked for', () => expect(browser.auth.refreshes()).toBe(2));
});

test('tabs differ in when they do it', async () => {
  const browser = await openBrowser();
  const early = await signedInTab(browser, { random: 0 });
  browser.clock.advance(225_000);
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  early.session.close();
  await signedInTab(browser, { random: 1 });
  browser.clock.advance(254_000);
  expect(browser.auth.refreshes()).toBe(1);
  browser.clock.advance(1_000);
  await eventually('a second refresh was asked for', () => expect(browser.auth.refreshes()).toBe(2));
});

test('after a sleep, a request first gets a new token, and waits for it', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.clock.step(3_600_000);
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  expect(browser.cart.asked).toHaveLength(1);
  expect(browser.auth.refreshes()).toBe(1);
});

test('a token that is due but good is used, while the next one is fetched', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const { accessToken } = signedIn(tab);
  const release = browser.auth.hold('/sessions/refresh');
  browser.clock.step(250_000);
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  expect(browser.cart.asked[0]?.headers.authorization).toBe(`DPoP ${accessToken}`);
  release();
  await eventually('the tab has another token', () =>
    expect(signedIn(tab).accessToken).not.toBe(accessToken),
  );
});

test('a token that would expire on its way is not sent', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const { accessToken } = signedIn(tab);
  browser.clock.step(296_000);
  await tab.session.fetch(`${browser.cart.origin}/cart`);
  expect(browser.cart.asked[0]?.headers.authorization).not.toBe(`DPoP ${accessToken}`);
});

test('a page that becomes visible again renews a token that is due, and no other', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  tab.platform.wake('shown');
  tab.platform.wake('online');
  browser.clock.step(250_000);
  tab.platform.wake('shown');
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
});

test('a page from the back-forward cache, which has missed all messages, finds out the current state', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.end('mina', 'ended_by_user');
  tab.platform.wake('thawed');
  await eventually('the tab is signed out, and knows why', () =>
    expect(tab.session.state()).toEqual({ status: 'signed_out', reason: 'ended_by_user' }),
  );
});

test('many callers that want a new token at once cause one request', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.clock.step(400_000);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => tab.session.fetch(`${browser.cart.origin}/cart`)),
  );
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  await tab.session.refresh();
  expect(browser.auth.refreshes()).toBe(2);
});

test('refresh returns the current state, and says why a session ended', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const before = tab.session.state();
  const after = await tab.session.refresh();
  expect(after).toBe(tab.session.state());
  expect(after).not.toBe(before);
  browser.auth.end('mina', 'displaced');
  expect(await tab.session.refresh()).toEqual({ status: 'signed_out', reason: 'displaced' });
});

test('once signed out, nothing is asked for any more', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.end('mina', 'displaced');
  await tab.session.refresh();
  tab.platform.wake('shown');
  tab.platform.wake('online');
  browser.clock.advance(3_600_000);
  await expect(tab.session.fetch(`${browser.cart.origin}/cart`)).rejects.toMatchObject({
    code: 'signed_out',
    status: null,
    reason: 'displaced',
  });
  expect(browser.auth.refreshes()).toBe(1);
  expect(browser.cart.asked).toEqual([]);
});

test('the last seconds of a session cause no rush of renewals', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const { accessToken } = signedIn(tab);
  browser.auth.fail('/sessions/refresh', {
    status: 200,
    body: { access_token: `${accessToken}x`, expires_in: 0, token_type: 'DPoP' },
  });
  await tab.session.refresh();
  expect(browser.auth.refreshes()).toBe(1);
  browser.clock.advance(499);
  expect(browser.auth.refreshes()).toBe(1);
  browser.clock.advance(1);
  await eventually('a second refresh was asked for', () => expect(browser.auth.refreshes()).toBe(2));
});

test('a browser that did not keep the cookie is told so, unless nobody was signed in', async () => {
  const browser = await openBrowser();
  const stranger = browser.openTab();
  expect(await stranger.session.restore()).toEqual({ status: 'signed_out', reason: null });
  stranger.session.close();
  const tab = await signedInTab(browser, { cookies: 'blocked' });
  expect(await tab.session.refresh()).toEqual({ status: 'signed_out', reason: 'no_cookie' });
  const refused = await signedInTab(browser, { cookies: 'blocked' });
  browser.answer = () => invalidToken('displaced');
  await refused.session.fetch(`${browser.cart.origin}/cart`);
  expect(refused.session.state()).toEqual({ status: 'signed_out', reason: 'displaced' });
});

test('a tab that missed the sign-out in another tab is not told that the browser keeps no cookie', async () => {
  const browser = await openBrowser();
  const deaf = await signedInTab(browser, { without: ['channels'] });
  const other = browser.openTab();
  await other.session.restore();
  await other.session.signOut();
  expect(deaf.session.state().status).toBe('signed_in');
  deaf.platform.wake('thawed');
  await eventually('the tab is signed out, without a reason', () =>
    expect(deaf.session.state()).toEqual({ status: 'signed_out', reason: null }),
  );
});

test('a page of another site is told so by every refusal', async () => {
  const browser = await openBrowser();
  const { session } = browser.openTab();
  browser.auth.fail('/sessions/refresh', problem(401, 'session_ended', { reason: 'cross_site' }));
  expect(await session.refresh()).toEqual({ status: 'signed_out', reason: 'cross_site' });
  browser.auth.fail('/sessions', problem(403, 'cross_site', { detail: 'Two sites.' }));
  await expect(session.signIn({ username: 'mina', password: 'any' })).rejects.toMatchObject({
    code: 'cross_site',
    status: 403,
    message: 'Two sites.',
  });
});
