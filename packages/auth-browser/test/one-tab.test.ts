import { eventually } from '@latchkey/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { browserPlatform } from '../src/platform.ts';
import { testPassword } from './auth-server.ts';
import { openBrowser, signedIn, signedInTab } from './browser.ts';

const nothing = { without: ['locks', 'channels'] } as const;

test('without Web Locks and channels each tab works for itself', async () => {
  const browser = await openBrowser();
  const one = await signedInTab(browser, nothing);
  const two = browser.openTab(nothing);
  await two.session.restore();
  expect(signedIn(two).sessionId).toBe(signedIn(one).sessionId);
  expect(browser.auth.refreshes()).toBe(1);
  await one.session.signOut();
  expect(two.session.state().status).toBe('signed_in');
  expect((await two.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(401);
  expect(two.session.state().status).toBe('signed_out');
});

test('within a tab, tasks still run one at a time', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser, nothing);
  const before = signedIn(tab).authTimeMs;
  await Promise.all([
    tab.session.refresh(),
    tab.session.reauthenticate(testPassword),
    tab.session.fetch(`${browser.cart.origin}/cart`),
  ]);
  expect(signedIn(tab).authTimeMs).toBe(before + 60_000);
  expect(browser.auth.refreshes()).toBe(1);
});

test('a task that fails does not hold up the next', async () => {
  const browser = await openBrowser();
  const { session } = browser.openTab(nothing);
  const outcomes = await Promise.allSettled([
    session.signIn({ username: 'mina', password: 'wrong' }),
    session.signIn({ username: 'mina', password: testPassword }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('a browser that stores nothing for the page refuses its locks, too: each tab works for itself', async () => {
  const refuse = () => Promise.reject(new DOMException('The request was denied.', 'SecurityError'));
  const browser = await openBrowser();
  const options = { locks: { request: refuse, query: refuse }, without: ['storage', 'channels'] } as const;
  const { session } = browser.openTab(options);
  expect(await session.restore()).toEqual({ status: 'signed_out', reason: null });
  await session.signIn({ username: 'mina', password: testPassword });
  await Promise.all([session.refresh(), session.reauthenticate(testPassword)]);
  expect(browser.auth.refreshes()).toBe(2);
  await session.signOut();
  expect(session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' });
});

test('a browser that refuses channels has none', () => {
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.stubGlobal('BroadcastChannel', function refuse() {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  });
  expect(browserPlatform.openChannel('any')).toBeUndefined();
});

test('without Web Locks alone, tabs still tell each other', async () => {
  const browser = await openBrowser();
  const options = { without: ['locks'] } as const;
  const one = await signedInTab(browser, options);
  const two = browser.openTab(options);
  await two.session.restore();
  expect(browser.auth.refreshes()).toBe(0);
  await one.session.signOut();
  await eventually('the other tab is signed out', () =>
    expect(two.session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' }),
  );
});

test('without channels alone, refreshes of several tabs still come one after the other', async () => {
  const browser = await openBrowser();
  const options = { without: ['channels'] } as const;
  const tabs = [await signedInTab(browser, options), browser.openTab(options), browser.openTab(options)];
  await Promise.all(tabs.map(({ session }) => session.refresh()));
  for (const tab of tabs) expect(signedIn(tab).subject).toBe('mina');
});
