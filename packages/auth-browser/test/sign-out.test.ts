import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { problem } from './http-server.ts';

test('signing out is seen in all tabs, and takes the cookie away', async () => {
  const browser = await openBrowser();
  const [one, two] = [await signedInTab(browser), browser.openTab()];
  await two.session.restore();
  await one.session.signOut();
  expect(one.session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' });
  await eventually('the other tab has the same state', () =>
    expect(two.session.state()).toEqual(one.session.state()),
  );
  expect(browser.cookie()).toBe('');
  expect(browser.auth.asked).toEqual(['POST /sessions', 'DELETE /sessions/current']);
});

test('everywhere: all devices', async () => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  await session.signOut({ everywhere: true });
  expect(session.state()).toEqual({ status: 'signed_out', reason: 'ended_all' });
  expect(browser.auth.asked.at(-1)).toBe('DELETE /sessions');
});

test('when auth-service cannot be told, the session goes on', async () => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  const before = session.state();
  browser.auth.fail('/sessions/current', undefined);
  await expect(session.signOut()).rejects.toMatchObject({ code: 'unreachable', status: null });
  browser.auth.fail('/sessions/current', problem(503, 'redis_unavailable'));
  await expect(session.signOut()).rejects.toMatchObject({ code: 'redis_unavailable', status: 503 });
  expect(session.state()).toBe(before);
  await session.signOut();
  expect(session.state().status).toBe('signed_out');
});

test('an expired or refused token is renewed first', async () => {
  const browser = await openBrowser();
  for (const spoil of ['sleep', 'refuse'] as const) {
    const tab = await signedInTab(browser);
    if (spoil === 'sleep') browser.clock.step(400_000);
    else browser.auth.refuse(signedIn(tab).accessToken);
    await tab.session.signOut();
    expect(tab.session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' });
    tab.session.close();
  }
  expect(browser.auth.refreshes()).toBe(2);
});

test('a session that has already ended counts as signed out, and says why', async () => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  browser.auth.end('mina', 'displaced');
  await session.signOut();
  expect(session.state()).toEqual({ status: 'signed_out', reason: 'displaced' });
  await session.signOut();
  expect(browser.auth.refreshes()).toBe(1);
});

test('before it is known whether there is a session, the cookie is asked', async () => {
  const browser = await openBrowser();
  (await signedInTab(browser)).session.close();
  const { session } = browser.openTab();
  await session.signOut();
  expect(session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' });
});

test.each([
  ['in this tab', 'one', {}],
  ['in another tab', 'two', {}],
  ['in this tab, without Web Locks', 'one', { without: ['locks'] }],
  ['in another tab, without Web Locks', 'two', { without: ['locks'] }],
] as const)('a refresh that is on its way does not bring the session back: %s', async (_, where, options) => {
  const browser = await openBrowser();
  const one = await signedInTab(browser, options);
  const two = browser.openTab(options);
  await two.session.restore();
  const release = browser.auth.hold('/sessions/refresh');
  const refreshing = two.session.refresh();
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  const signingOut = (where === 'one' ? one : two).session.signOut();
  await new Promise((resolve) => setTimeout(resolve, 50));
  release();
  await Promise.all([refreshing, signingOut]);
  for (const { session } of [one, two])
    await eventually('every tab is signed out', () =>
      expect(session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' }),
    );
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(one.session.state().status).toBe('signed_out');
  expect(two.session.state().status).toBe('signed_out');
});
