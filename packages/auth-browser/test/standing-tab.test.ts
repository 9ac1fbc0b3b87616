import { eventually } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { testPassword } from './auth-server.ts';
import {
  type Browser,
  comeBackByCode,
  inVault,
  openBrowser,
  sealedIn,
  signedIn,
  signedInByCode,
  signedInTab,
  type Tab,
} from './browser.ts';
import { type Answer, problem } from './http-server.ts';

const refresh = '/sessions/refresh';
const reauthentication = '/sessions/current/reauthentication';

/** Tabs of mina. The first is frozen in the middle of a refresh, whose answer comes when `release` is called. */
async function withStandingTab(browser: Browser) {
  const [standing, one, two] = [await signedInTab(browser), browser.openTab(), browser.openTab()];
  for (const { session } of [one, two]) await session.restore();
  const release = browser.auth.hold(refresh);
  const refreshing = standing.session.refresh();
  await eventually('the refresh is on its way', () => expect(browser.auth.refreshes()).toBe(1));
  // Later requests are answered.
  browser.auth.hold(refresh)();
  standing.platform.freeze();
  return { standing, one, two, refreshing, release };
}

/** Advances the clock once `tab` waits for its turn. */
async function losePatience(browser: Browser, { platform }: Tab, afterMs: number): Promise<void> {
  const before = platform.timers;
  await eventually('the tab waits', () => expect(platform.timers).toBeGreaterThan(before));
  browser.clock.advance(afterMs - 1);
  await pause();
  expect(platform.timers).toBeGreaterThan(before);
  browser.clock.advance(1);
}

const untilAnswered = ({ platform }: Tab) =>
  eventually('the tab has its answer', () => expect(platform.answers).toBe(1));

/** Waits, so that a fault has time to happen. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 30));

test('a tab that stands still while it refreshes keeps the others waiting for some seconds', async () => {
  const browser = await openBrowser();
  const { standing, one, two, release } = await withStandingTab(browser);
  const before = signedIn(one).accessToken;
  const refreshing = one.session.refresh();
  await losePatience(browser, one, 6_000);
  await refreshing;
  expect(signedIn(one).accessToken).not.toBe(before);
  expect(browser.auth.refreshes()).toBe(2);
  await eventually('the other tab has it', () => expect(two.session.state()).toEqual(one.session.state()));
  // The frozen tab has lost its turn, so the next refresh need not wait.
  await two.session.refresh();
  expect(browser.auth.refreshes()).toBe(3);
  release();
  await standing.platform.thaw();
});

test('a second tab that stands still while it takes over keeps the others waiting for a second more', async () => {
  const browser = await openBrowser();
  const { one } = await withStandingTab(browser);
  const [{ name = '' } = {}] = (await browser.locks.query()).held ?? [];
  const turn = `${name} taken over`;
  void browser.locks.request(turn, () => new Promise(() => {}));
  const refreshing = one.session.refresh();
  await losePatience(browser, one, 6_000);
  await eventually('the tab waits for its turn', async () => {
    const { pending = [] } = await browser.locks.query();
    expect(pending.map((lock) => lock.name)).toContain(turn);
  });
  browser.clock.advance(1_000);
  await refreshing;
  expect(browser.auth.refreshes()).toBe(2);
});

test.each<[string, (old: string) => Answer | undefined]>([
  [
    'an older token',
    (old) => ({ status: 200, body: { access_token: old, expires_in: 300, token_type: 'DPoP' } }),
  ],
  ['the end of the session', () => problem(401, 'session_ended', { reason: 'reuse' })],
  ['a refusal', () => problem(503, 'redis_unavailable', { headers: { 'retry-after': '600' } })],
  ['no answer', () => undefined],
])('its answer is outdated when it goes on: %s', async (_what, late) => {
  const browser = await openBrowser();
  const { standing, one, two, refreshing, release } = await withStandingTab(browser);
  const next = one.session.refresh();
  await losePatience(browser, one, 6_000);
  await next;
  const { accessToken } = signedIn(one);
  const states: string[] = [];
  standing.session.subscribe(() => states.push(standing.session.state().status));
  browser.auth.fail(refresh, late(`${accessToken}old`));
  release();
  await untilAnswered(standing);
  await standing.platform.thaw();
  expect(await refreshing).toMatchObject({ status: 'signed_in', accessToken });
  await pause();
  for (const tab of [standing, one, two]) expect(signedIn(tab).accessToken).toBe(accessToken);
  expect(states).toEqual(['signed_in']);
  browser.clock.advance(10_000);
  expect(browser.auth.refreshes()).toBe(2);
});

test('a session that is closed while it waits takes no turn', async () => {
  const browser = await openBrowser();
  const { one, two } = await withStandingTab(browser);
  const refused = [one.session.refresh(), two.session.refresh()].map((refreshing) =>
    expect(refreshing).rejects.toMatchObject({ code: 'closed' }),
  );
  two.session.close();
  await eventually('the tab waits', () => expect(one.platform.timers).toBe(2));
  one.session.close();
  await Promise.all(refused);
  expect([one, two].map(({ platform }) => platform.timers)).toEqual([0, 0]);
  expect(browser.auth.refreshes()).toBe(1);
});

test('its late answer counts if no other tab has refreshed meanwhile', async () => {
  const browser = await openBrowser();
  const { standing, one, refreshing, release } = await withStandingTab(browser);
  const before = signedIn(one).accessToken;
  browser.clock.advance(4_000);
  release();
  await untilAnswered(standing);
  browser.clock.advance(60_000);
  await standing.platform.thaw();
  expect(await refreshing).toMatchObject({ status: 'signed_in' });
  await eventually('the other tab has it', () => expect(signedIn(one).accessToken).not.toBe(before));
});

test.each([
  ['', undefined],
  [', though it heard nothing of it', { loses: 'message' }],
] as const)(
  'signing out waits for a second, and a later answer of the standing tab does not undo it%s',
  async (_what, how) => {
    const browser = await openBrowser();
    const { standing, one, two, refreshing, release } = await withStandingTab(browser);
    const { accessToken } = signedIn(one);
    const signingOut = one.session.signOut();
    await losePatience(browser, one, 1_000);
    await signingOut;
    browser.auth.fail(refresh, {
      status: 200,
      body: { access_token: `${accessToken}x`, expires_in: 300, token_type: 'DPoP' },
    });
    release();
    await untilAnswered(standing);
    await standing.platform.thaw(how);
    await refreshing;
    const signedOut = { status: 'signed_out', reason: 'sign_out' };
    for (const { session } of [standing, one, two])
      await eventually('the tab is signed out', () => expect(session.state()).toEqual(signedOut));
    await pause();
    for (const { session } of [standing, one, two]) expect(session.state()).toEqual(signedOut);
    expect([...browser.stored]).toEqual([]);
  },
);

test.each([
  [
    'sign-in',
    '/sessions',
    ({ session }: Tab) => session.signIn({ username: 'mina', password: testPassword }),
  ],
  ['sign-out', '/sessions/current', ({ session }: Tab) => session.signOut()],
  ['proof of who one is', reauthentication, ({ session }: Tab) => session.reauthenticate(testPassword)],
] as const)('a late %s gives way to a later sign-in', async (_what, path, act) => {
  const browser = await openBrowser();
  const [standing, one] = [await signedInTab(browser), browser.openTab()];
  await one.session.restore();
  const release = browser.auth.hold(path);
  const asked = browser.auth.asked.length;
  const acting = act(standing);
  await eventually('the tab has asked', () => expect(browser.auth.asked.length).toBe(asked + 1));
  standing.platform.freeze();
  release();
  await untilAnswered(standing);
  const signingIn = one.session.signIn({ username: 'noor', password: testPassword });
  await losePatience(browser, one, 6_000);
  await signingIn;
  await standing.platform.thaw();
  await acting;
  await pause();
  for (const tab of [standing, one]) expect(signedIn(tab).subject).toBe('noor');
});

describe('with a vault', () => {
  type Asking = {
    readonly path: string;
    readonly act: (tab: Tab, browser: Browser) => Promise<unknown>;
  };

  /** Two tabs of mina. The first is frozen in the middle of `act`, whose answer comes when `release` is called. */
  async function withStandingVault(browser: Browser, { path, act }: Asking) {
    const [standing, one] = [await signedInByCode(browser), browser.openTab(inVault)];
    await one.session.restore();
    const release = browser.auth.hold(path);
    const asked = () => browser.auth.asked.filter((each) => each === `POST ${path}`).length;
    const before = asked();
    const acting = act(standing, browser);
    await eventually('the tab has asked', () => expect(asked()).toBe(before + 1));
    standing.platform.freeze();
    return { standing, one, acting, release };
  }

  /** The same, and the answer has come before another tab goes on. */
  async function withLateAnswer(browser: Browser, { late, ...asking }: Asking & { readonly late?: Answer }) {
    const { release, ...tabs } = await withStandingVault(browser, asking);
    if (late !== undefined) browser.auth.fail(asking.path, late);
    release();
    await untilAnswered(tabs.standing);
    return tabs;
  }

  async function signInMeanwhile(browser: Browser, tab: Tab): Promise<void> {
    await comeBackByCode(browser, tab, 'noor');
    const signingIn = tab.session.completeSignIn();
    await losePatience(browser, tab, 6_000);
    await signingIn;
  }

  const refreshing = { path: '/token', act: ({ session }: Tab) => session.refresh() };
  const signingOut = { path: '/revoke', act: ({ session }: Tab) => session.signOut() };
  const signingIn = {
    path: '/token',
    async act(tab: Tab, browser: Browser) {
      await comeBackByCode(browser, tab, 'jo');
      await tab.session.completeSignIn();
    },
  };
  const end = { status: 400, body: { error: 'invalid_grant', reason: 'reuse' } };

  test.each<[string, { late?: Answer }]>([
    ['older tokens', {}],
    ['the end of the session', { late: end }],
  ])('a late answer leaves the tokens that another tab has got meanwhile: %s', async (_what, late) => {
    const browser = await openBrowser();
    const { standing, one, acting } = await withLateAnswer(browser, { ...refreshing, ...late });
    const next = one.session.refresh();
    await losePatience(browser, one, 6_000);
    await next;
    for (let more = 0; more < 3; more += 1) await one.session.refresh();
    const { accessToken } = signedIn(one);
    const sealed = sealedIn(browser);
    await standing.platform.thaw();
    await acting;
    for (const tab of [standing, one]) expect(signedIn(tab).accessToken).toBe(accessToken);
    expect(sealedIn(browser)).toEqual(sealed);
    await standing.session.refresh();
    expect(signedIn(standing).subject).toBe('mina');
  });

  test.each([
    ['the end of the session before', { ...refreshing, late: end }],
    ['tokens of the session before', refreshing],
    ['a sign-out', signingOut],
    ['a sign-in', signingIn],
  ])('a late answer leaves the vault of who has signed in meanwhile: %s', async (_what, what) => {
    const browser = await openBrowser();
    const { standing, one, acting } = await withLateAnswer(browser, what);
    await signInMeanwhile(browser, one);
    await standing.platform.thaw();
    await acting;
    for (const tab of [standing, one]) expect(signedIn(tab).subject).toBe('noor');
    const later = browser.openTab(inVault);
    await later.session.refresh();
    expect(signedIn(later).subject).toBe('noor');
  });

  test('a late answer gives way to the vault, also when the tab that filled it is closed', async () => {
    const browser = await openBrowser();
    const { standing, one, acting } = await withLateAnswer(browser, { ...refreshing, late: end });
    await signInMeanwhile(browser, one);
    one.session.close();
    await standing.platform.thaw({ loses: 'message' });
    await acting;
    expect(signedIn(standing).subject).toBe('noor');
  });

  test('a late sign-out wipes what another tab has got meanwhile, also when that tab is closed', async () => {
    const browser = await openBrowser();
    const { standing, one, acting, release } = await withStandingVault(browser, signingOut);
    const next = one.session.refresh();
    await losePatience(browser, one, 6_000);
    await next;
    one.session.close();
    release();
    await untilAnswered(standing);
    await standing.platform.thaw({ loses: 'message' });
    await acting;
    expect(sealedIn(browser)).toBeUndefined();
  });
});
