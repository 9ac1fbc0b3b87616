import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { type Browser, openBrowser, signedIn, signedInTab, type Tab } from './browser.ts';
import { type Answer, problem } from './http-server.ts';

const unavailable = problem(503, 'redis_unavailable', { headers: { 'retry-after': '7' } });

/** Advances the clock until the tab's next refresh request. Returns how long that took. */
async function nextAttempt(browser: Browser, { platform }: Tab): Promise<number> {
  await eventually('the tab waits for the next renewal alone', async () => {
    expect(await browser.locks.query()).toEqual({ held: [], pending: [] });
    expect(platform.timers).toBe(1);
  });
  const attempts = browser.auth.refreshes;
  const before = attempts();
  for (let waitedMs = 0; waitedMs < 120_000; waitedMs += 100) {
    browser.clock.advance(100);
    if (platform.timers === 1) continue;
    await eventually('a refresh was asked for', () => expect(attempts()).toBeGreaterThan(before));
    return waitedMs;
  }
  throw new Error('it was not tried again');
}

test('while auth-service is away the token is used until it expires, and the session is not lost', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const before = tab.session.state();
  browser.auth.fail('/sessions/refresh', undefined, 1000);
  browser.clock.advance(241_000);
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBeGreaterThan(0));
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  browser.clock.step(60_000);
  await expect(tab.session.fetch(`${browser.cart.origin}/cart`)).rejects.toMatchObject({
    name: 'SessionError',
    code: 'unreachable',
    status: null,
  });
  expect(tab.session.state()).toBe(before);
  expect(browser.cart.asked).toHaveLength(1);
});

test('just before it expires, the old token serves when there is no new one', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', undefined, 1000);
  browser.clock.step(299_000);
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
});

test('it is retried after growing pauses, and succeeds', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', undefined, 8);
  browser.clock.advance(240_000);
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  const pauses: number[] = [];
  while (pauses.length < 7) pauses.push(await nextAttempt(browser, tab));
  expect(pauses.slice(0, 4).every((pause, index) => pause < (pauses[index + 1] ?? 0))).toBe(true);
  expect(pauses[0]).toBeLessThan(1_500);
  expect(pauses.every((pause) => pause <= 31_000)).toBe(true);
  const { accessToken } = signedIn(tab);
  await nextAttempt(browser, tab);
  await eventually('the tab has another token', () =>
    expect(signedIn(tab).accessToken).not.toBe(accessToken),
  );
});

test('no tab asks earlier than auth-service said, and all callers learn why there is no token', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', unavailable);
  browser.clock.step(400_000);
  const refused = { code: 'redis_unavailable', status: 503, retryAfterSeconds: 7 };
  await expect(tab.session.fetch(`${browser.cart.origin}/cart`)).rejects.toMatchObject(refused);
  browser.clock.advance(3_000);
  const later = { ...refused, retryAfterSeconds: 4 };
  for (let index = 0; index < 10; index++) {
    await expect(tab.session.fetch(`${browser.cart.origin}/cart`)).rejects.toMatchObject(later);
    await expect(tab.session.refresh()).rejects.toMatchObject(later);
  }
  tab.platform.wake('online');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(browser.auth.refreshes()).toBe(1);
  browser.clock.advance(4_000);
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  expect(browser.auth.refreshes()).toBe(2);
});

test('a page that keeps asking while there is no answer causes two requests a second', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', undefined, 1000);
  browser.clock.step(400_000);
  for (let index = 0; index < 40; index++) {
    await tab.session.fetch(`${browser.cart.origin}/cart`).catch(() => {});
    browser.clock.step(50);
  }
  expect(browser.auth.refreshes()).toBeLessThanOrEqual(5);
});

test('a refusal of the token while auth-service is away is no end of the session', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.refuse(signedIn(tab).accessToken);
  browser.auth.fail('/sessions/refresh', unavailable);
  await expect(tab.session.fetch(`${browser.cart.origin}/cart`)).rejects.toMatchObject({ status: 503 });
  expect(tab.session.state().status).toBe('signed_in');
});

test('an auth-service that never answers counts as unreachable', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const release = browser.auth.hold('/sessions/refresh');
  const refreshing = tab.session.refresh();
  const refused = expect(refreshing).rejects.toMatchObject({ code: 'unreachable', status: null });
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  browser.clock.advance(5_000);
  await refused;
  release();
});

test.each<[number, Answer]>([
  [431, { status: 431, body: '', headers: { 'content-type': 'text/plain', connection: 'close' } }],
  [431, problem(431, 'headers_too_large', { detail: 'Too many cookies.' })],
  [400, { status: 400, body: '<html>Bad Request</html>', headers: { 'content-type': 'text/html' } }],
  [400, { status: 400, body: '{"code":' }],
])('an answer to a request that was not understood (%i %j) is no network failure', async (status, answer) => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', answer);
  const error = await tab.session.refresh().catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'SessionError', status });
  expect(error.code).toMatch(/^(?:unexpected_answer|headers_too_large)$/);
  expect(error.message).toMatch(/^(?:auth-service answered \d+\.|Too many cookies\.)$/);
  expect(tab.session.state().status).toBe('signed_in');
  browser.answer = () => answer;
  expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(status);
});

test('when the network is back, it is retried at once', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', undefined);
  await expect(tab.session.refresh()).rejects.toMatchObject({ code: 'unreachable' });
  browser.clock.step(500);
  tab.platform.wake('online');
  await eventually('a second refresh was asked for', () => expect(browser.auth.refreshes()).toBe(2));
});

test('a client that was switched off keeps its session, for when it is let in again', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', problem(403, 'client_revoked'));
  await expect(tab.session.refresh()).rejects.toMatchObject({ code: 'client_revoked', status: 403 });
  expect(tab.session.state().status).toBe('signed_in');
  browser.clock.advance(1_500);
  await eventually('a second refresh was asked for', () => expect(browser.auth.refreshes()).toBe(2));
});

test('a wait that is longer than a timer allows is kept', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail(
    '/sessions/refresh',
    problem(503, 'redis_unavailable', { headers: { 'retry-after': '5000000' } }),
  );
  await tab.session.refresh().catch(() => {});
  browser.clock.advance(4_999_000_000);
  expect(browser.auth.refreshes()).toBe(1);
  browser.clock.advance(1_003_000);
  await eventually('a second refresh was asked for', () => expect(browser.auth.refreshes()).toBe(2));
});

test('a clock set back by an hour locks nobody out', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.fail('/sessions/refresh', unavailable);
  await tab.session.refresh().catch(() => {});
  browser.clock.step(-3_600_000);
  await tab.session.refresh();
  expect(browser.auth.refreshes()).toBe(2);
});
