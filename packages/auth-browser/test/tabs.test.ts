import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { answerWaitMs, newsWaitMs } from '../src/tab-channel.ts';
import { type Browser, openBrowser, signedIn, signedInTab, type Tab } from './browser.ts';
import { openChannel } from './fake-platform.ts';
import { problem } from './http-server.ts';

/** Tabs of one person, in all of which the person is signed in. */
async function openTabs(browser: Browser, count: number): Promise<Tab[]> {
  const first = await signedInTab(browser);
  const others = Array.from({ length: count - 1 }, () => browser.openTab());
  for (const { session } of others) await session.restore();
  return [first, ...others];
}

const tokens = (tabs: Tab[]) => new Set(tabs.map((tab) => signedIn(tab).accessToken));

test('tabs that want a new token at once cause one request, and all get its token', async () => {
  const browser = await openBrowser();
  const tabs = await openTabs(browser, 6);
  const release = browser.auth.hold('/sessions/refresh');
  const refreshing = tabs.map(({ session }) => session.refresh());
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  release();
  await Promise.all(refreshing);
  expect(tokens(tabs).size).toBe(1);
  expect(browser.auth.refreshes()).toBe(1);
});

test('a tab that hears of the new token some time after it has the lock does not ask again', async () => {
  const browser = await openBrowser();
  const [one] = (await openTabs(browser, 1)) as [Tab];
  const far = browser.openTab({ messagesTakeMs: 2 * answerWaitMs });
  await far.session.restore();
  const before = browser.auth.refreshes();
  const release = browser.auth.hold('/sessions/refresh');
  const refreshing = [one, far].map(({ session }) => session.refresh());
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(before + 1));
  release();
  await Promise.all(refreshing);
  expect(tokens([one, far]).size).toBe(1);
  expect(browser.auth.refreshes()).toBe(before + 1);
});

test('tabs that open together after the session has ended do not wait for news one by one', async () => {
  const browser = await openBrowser();
  const first = await signedInTab(browser);
  first.session.close();
  browser.auth.end('mina', 'displaced');
  const waits: number[] = [];
  const tabs = [1, 2, 3].map(() => browser.openTab());
  for (const { platform } of tabs) {
    const { setTimer } = platform;
    platform.setTimer = (run, delayMs) => {
      waits.push(delayMs);
      return setTimer(run, delayMs);
    };
  }
  const states = await Promise.all(tabs.map(({ session }) => session.restore()));
  expect(states.map(({ status }) => status)).toEqual(['signed_out', 'signed_out', 'signed_out']);
  expect(waits).toContain(answerWaitMs);
  expect(waits).not.toContain(newsWaitMs);
});

test('timers of many tabs, even at the same moment, cause one request for each life of a token', async () => {
  const browser = await openBrowser();
  const tabs = await openTabs(browser, 5);
  for (let life = 1; life <= 3; life++) {
    const before = signedIn(tabs[0] as Tab).accessToken;
    browser.clock.advance(240_000);
    await eventually('no tab has the old token', () => expect(tokens(tabs).has(before)).toBe(false));
    await eventually('all tabs have the same token', () => expect(tokens(tabs).size).toBe(1));
    expect(browser.auth.refreshes()).toBe(life);
  }
});

test('a failure of one tab is not repeated by all', async () => {
  const browser = await openBrowser();
  const tabs = await openTabs(browser, 6);
  browser.auth.fail(
    '/sessions/refresh',
    problem(503, 'redis_unavailable', { headers: { 'retry-after': '600' } }),
    99,
  );
  const release = browser.auth.hold('/sessions/refresh');
  const refreshing = tabs.map(({ session }) => session.refresh());
  const refused = Promise.all(
    refreshing.map((result) =>
      expect(result).rejects.toMatchObject({ status: 503, code: 'redis_unavailable' }),
    ),
  );
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  release();
  await refused;
  expect(browser.auth.refreshes()).toBe(1);
});

test('all tabs learn of an end, with its reason, although the cookie is gone by then', async () => {
  const browser = await openBrowser();
  const tabs = await openTabs(browser, 4);
  browser.auth.end('mina', 'displaced');
  await Promise.all(tabs.map(({ session }) => session.refresh()));
  for (const { session } of tabs)
    await eventually('every tab knows that it was displaced', () =>
      expect(session.state()).toEqual({ status: 'signed_out', reason: 'displaced' }),
    );
});

test('a refused token that another tab has replaced already is not renewed again', async () => {
  const browser = await openBrowser();
  const [one, two] = (await openTabs(browser, 2)) as [Tab, Tab];
  browser.auth.refuse(signedIn(one).accessToken);
  const answers = await Promise.all(
    [one, two].map(({ session }) => session.fetch(`${browser.cart.origin}/cart`)),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(browser.auth.refreshes()).toBe(1);
});

test('tabs of another client get no message', async () => {
  const browser = await openBrowser();
  const other = browser.openTab({ clientId: 'backoffice' });
  await other.session.restore();
  const tab = await signedInTab(browser);
  await tab.session.refresh();
  expect(other.session.state()).toEqual({ status: 'signed_out', reason: null });
  await tab.session.signOut();
});

test('invalid messages on the channel do no harm', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  const before = tab.session.state();
  const name = `latchkey session ${JSON.stringify([browser.auth.origin, 'storefront'])}`;
  const channel = openChannel(name);
  for (const message of [null, 'hello', 7, {}, { type: 'fact' }, { type: 'failure', failure: 1 }])
    channel.postMessage(message);
  channel.postMessage({ type: 'fact', fact: { kind: 'signed_in', version: 9e15, accessToken: 'none' } });
  await new Promise((resolve) => setImmediate(resolve));
  channel.close();
  expect(tab.session.state()).toBe(before);
});

test('a tab that is closed while it refreshes leaves the others to do it', async () => {
  const browser = await openBrowser();
  const [one, two] = (await openTabs(browser, 2)) as [Tab, Tab];
  const release = browser.auth.hold('/sessions/refresh');
  void one.session.refresh();
  await eventually('a refresh was asked for', () => expect(browser.auth.refreshes()).toBe(1));
  const refreshing = two.session.refresh();
  one.session.close();
  release();
  await refreshing;
  expect(browser.auth.refreshes()).toBe(2);
  expect(two.session.state().status).toBe('signed_in');
});
