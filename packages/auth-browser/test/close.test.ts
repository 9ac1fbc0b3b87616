import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { testPassword } from './auth-server.ts';
import { openBrowser, signedIn, signedInTab } from './browser.ts';

test('after close nothing begins, and the state stays as it was', async () => {
  const browser = await openBrowser();
  const { session, platform } = await signedInTab(browser);
  const state = session.state();
  const asked = browser.auth.asked.length;
  session.close();
  session.close();
  expect(platform.timers).toBe(0);
  platform.wake('shown');
  const { origin } = browser.cart;
  for (const attempt of [
    () => session.restore(),
    () => session.signIn({ username: 'mina', password: testPassword }),
    () => session.reauthenticate(testPassword),
    () => session.refresh(),
    () => session.signOut(),
    () => session.fetch(`${origin}/cart`),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ name: 'SessionError', code: 'closed', status: null });
  }
  expect(session.state()).toBe(state);
  expect(browser.auth.asked).toHaveLength(asked);
  expect(browser.cart.asked).toEqual([]);
});

test('a task that waits for its turn gives up', async () => {
  const browser = await openBrowser();
  const [one, two] = [await signedInTab(browser), browser.openTab()];
  await two.session.restore();
  const release = browser.auth.hold('/sessions/refresh');
  const refreshing = one.session.refresh();
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  const waiting = two.session.refresh();
  const refused = expect(waiting).rejects.toMatchObject({ code: 'closed' });
  // Waits until the refresh is in the queue.
  await new Promise((resolve) => setTimeout(resolve, 20));
  two.session.close();
  await refused;
  release();
  await refreshing;
});

test('a request that is on its way goes on, so that its cookie is kept, and changes nothing here', async () => {
  const browser = await openBrowser();
  const { session, platform } = await signedInTab(browser);
  const state = session.state();
  const cookie = browser.cookie();
  const release = browser.auth.hold('/sessions/refresh');
  const refreshing = session.refresh();
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  session.close();
  release();
  await refreshing;
  expect(browser.cookie()).not.toBe(cookie);
  expect(session.state()).toBe(state);
  expect(platform.timers).toBe(0);
});

test('a closed tab receives no message, and sends none', async () => {
  const browser = await openBrowser();
  const [one, two] = [await signedInTab(browser), browser.openTab()];
  await two.session.restore();
  const before = two.session.state();
  two.session.close();
  await one.session.refresh();
  expect(two.session.state()).toBe(before);
  one.session.close();
  const third = browser.openTab();
  await third.session.restore();
  expect(browser.auth.refreshes()).toBe(2);
  expect(signedIn(third).subject).toBe('mina');
});
