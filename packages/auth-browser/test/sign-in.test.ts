import { eventually } from '@latchkey/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { testPassword } from './auth-server.ts';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { problem } from './http-server.ts';

test('signing in is seen in all tabs', async () => {
  const browser = await openBrowser();
  const [one, two] = [browser.openTab(), browser.openTab()];
  await Promise.all([one.session.restore(), two.session.restore()]);
  await one.session.signIn({
    username: 'mina',
    password: testPassword,
    deviceName: 'Kiosk',
    scope: 'cart:read',
  });
  expect(signedIn(one).subject).toBe('mina');
  await eventually('the other tab has the same state', () =>
    expect(two.session.state()).toEqual(one.session.state()),
  );
  expect(browser.auth.bodies('/sessions')).toEqual([
    {
      client_id: 'storefront',
      username: 'mina',
      password: testPassword,
      device_name: 'Kiosk',
      scope: 'cart:read',
    },
  ]);
});

describe('where the browser may drop the cookie', () => {
  const credentials = { username: 'mina', password: testPassword };

  test('a sign-in is complete when the cookie has come back', async () => {
    const browser = await openBrowser();
    const tab = browser.openTab({ mayDropCookies: true });
    await tab.session.signIn(credentials);
    expect(signedIn(tab).subject).toBe('mina');
    expect(browser.auth.asked).toEqual(['POST /sessions', 'POST /sessions/refresh']);
  });

  test('one without it is refused, also by a code, and its session ends', async () => {
    const browser = await openBrowser();
    const tab = browser.openTab({ mayDropCookies: true, cookies: 'blocked' });
    const refusal = { code: 'cross_site', status: 401, reason: 'no_cookie' };
    await expect(tab.session.signIn(credentials)).rejects.toMatchObject(refusal);
    const signIn = ['POST /sessions/refresh', 'DELETE /sessions/current'];
    expect(browser.auth.asked).toEqual(['POST /sessions', ...signIn]);
    expect(browser.records.size).toBe(0);

    await tab.session.beginSignIn();
    tab.platform.href = browser.auth.comeBack(tab.platform.href, 'mina');
    await expect(tab.session.completeSignIn()).rejects.toMatchObject(refusal);
    expect(browser.auth.asked.slice(-3)).toEqual(['POST /sessions/code', ...signIn]);
    expect(tab.session.state().status).not.toBe('signed_in');
  });

  test('one whose cookie cannot be asked for now counts', async () => {
    const browser = await openBrowser();
    const tab = browser.openTab({ mayDropCookies: true });
    browser.auth.fail('/sessions/refresh', problem(503, 'session_store_unavailable'));
    await tab.session.signIn(credentials);
    expect(signedIn(tab).subject).toBe('mina');
    expect((await tab.session.refresh()).status).toBe('signed_in');
  });
});

test('options that are not given are not sent', async () => {
  const browser = await openBrowser();
  await signedInTab(browser);
  expect(browser.auth.bodies('/sessions')).toEqual([
    { client_id: 'storefront', username: 'mina', password: testPassword },
  ]);
});

test('a wrong password is an error, and changes nothing', async () => {
  const browser = await openBrowser();
  const { session } = await signedInTab(browser);
  const before = session.state();
  await expect(session.signIn({ username: 'noah', password: 'wrong' })).rejects.toMatchObject({
    name: 'SessionError',
    code: 'invalid_credentials',
    status: 401,
    message: 'Wrong.',
  });
  expect(session.state()).toBe(before);
});

test('too many attempts: the error says when to come back', async () => {
  const browser = await openBrowser();
  const { session } = browser.openTab();
  browser.auth.fail('/sessions', problem(429, 'too_many_attempts', { headers: { 'retry-after': '30' } }));
  await expect(session.signIn({ username: 'mina', password: testPassword })).rejects.toMatchObject({
    code: 'too_many_attempts',
    status: 429,
    retryAfterSeconds: 30,
  });
});

test('the password is in no error', async () => {
  const browser = await openBrowser();
  const { session } = browser.openTab();
  browser.auth.fail('/sessions', undefined);
  const error = await session.signIn({ username: 'mina', password: testPassword }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'unreachable', status: null });
  expect(JSON.stringify(error) + error.stack + error.cause?.stack).not.toContain(testPassword);
});

test('a subscriber is called when the state changes, until it unsubscribes', async () => {
  const browser = await openBrowser();
  const tab = browser.openTab();
  const { state, subscribe } = tab.session;
  const seen: string[] = [];
  const end = subscribe(() => seen.push(state().status));
  await tab.session.signIn({ username: 'mina', password: testPassword });
  expect(state()).toBe(state());
  await tab.session.refresh();
  end();
  await tab.session.signOut();
  expect(seen).toEqual(['signed_in', 'signed_in']);
});

test('a listener that throws leaves no other out, and its error is reported', async () => {
  const browser = await openBrowser();
  const { session } = browser.openTab();
  const reported = vi.fn();
  const { queueMicrotask } = globalThis;
  vi.stubGlobal('queueMicrotask', (task: () => void) => queueMicrotask(() => attempt(task, reported)));
  onTestFinished(() => void vi.unstubAllGlobals());
  session.subscribe(() => {
    throw new Error('theirs');
  });
  const called = vi.fn();
  session.subscribe(called);
  await session.signIn({ username: 'mina', password: testPassword });
  expect(called).toHaveBeenCalledOnce();
  expect(reported.mock.calls).toEqual([[new Error('theirs')]]);
});

function attempt(task: () => void, onError: (error: unknown) => void): void {
  try {
    task();
  } catch (error) {
    onError(error);
  }
}
