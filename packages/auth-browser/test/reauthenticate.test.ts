import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { testPassword } from './auth-server.ts';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { problem } from './http-server.ts';

test('the new token has the time, and all tabs get it', async () => {
  const browser = await openBrowser();
  const [one, two] = [await signedInTab(browser), browser.openTab()];
  await two.session.restore();
  const before = signedIn(one).authTimeMs;
  await one.session.reauthenticate(testPassword);
  expect(signedIn(one).authTimeMs).toBe(before + 60_000);
  await eventually('the other tab knows of the new sign-in', () =>
    expect(signedIn(two).authTimeMs).toBe(before + 60_000),
  );
  expect(browser.auth.refreshes()).toBe(0);
});

test('a wrong password is an error, and changes nothing', async () => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  const before = session.state();
  await expect(session.reauthenticate('wrong')).rejects.toMatchObject({
    code: 'invalid_credentials',
    status: 401,
  });
  expect(session.state()).toBe(before);
  expect(browser.auth.refreshes()).toBe(0);
});

test('an expired or refused token is renewed first', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.clock.step(400_000);
  await tab.session.reauthenticate(testPassword);
  browser.auth.refuse(signedIn(tab).accessToken);
  await tab.session.reauthenticate(testPassword);
  expect(browser.auth.refreshes()).toBe(2);
  expect(tab.session.state().status).toBe('signed_in');
});

test('a person must be signed in, and have a session', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.end('mina', 'displaced');
  await expect(tab.session.reauthenticate(testPassword)).rejects.toMatchObject({
    code: 'signed_out',
    reason: 'displaced',
  });
  await expect(tab.session.reauthenticate(testPassword)).rejects.toMatchObject({ code: 'signed_out' });
  expect(tab.session.state()).toEqual({ status: 'signed_out', reason: 'displaced' });
});

test('a password is not tried on the account of somebody who has signed in meanwhile', async () => {
  const browser = await openBrowser();
  const [one, two] = [await signedInTab(browser, { without: ['channels'] }), browser.openTab()];
  await two.session.signIn({ username: 'noah', password: testPassword });
  browser.auth.end('mina', 'replaced');
  await expect(one.session.reauthenticate(testPassword)).rejects.toMatchObject({ code: 'session_changed' });
  const asked = browser.auth.asked.filter((asked) => asked.endsWith('/reauthentication'));
  expect(asked).toHaveLength(1);
});

test('a refresh at the same time does not undo it', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const before = signedIn(tab).authTimeMs;
  await Promise.all([tab.session.refresh(), tab.session.reauthenticate(testPassword), tab.session.refresh()]);
  expect(signedIn(tab).authTimeMs).toBe(before + 60_000);
});

test('auth-service away: the error says so, and the session goes on', async () => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  browser.auth.fail('/sessions/current/reauthentication', problem(503, 'redis_unavailable'));
  await expect(session.reauthenticate(testPassword)).rejects.toMatchObject({ status: 503 });
  expect(session.state().status).toBe('signed_in');
});
