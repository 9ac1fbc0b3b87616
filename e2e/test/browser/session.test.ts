import { send } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeInBrowser } from './describe-in-browser.ts';
import type { SessionPerson } from './session-person.ts';
import { crossSite, type SessionSystem, startSessionSystem, unbound } from './session-system.ts';
import { bePatient, hurry, type SessionTab, standStill } from './session-tab.ts';

/** Long enough that no timer renews a token while a test counts. */
const tokenSeconds = 300;

describeInBrowser('a browser session in real tabs', () => {
  let system: SessionSystem;
  beforeAll(async () => {
    system = await startSessionSystem(tokenSeconds);
  });
  afterAll(() => system?.stop());

  async function expectEnd(tabs: readonly SessionTab[], reason: string): Promise<void> {
    for (const tab of tabs)
      await eventually('the tab is signed out, and knows why', async () =>
        expect(await tab.state()).toEqual({ status: 'signed_out', reason }),
      );
  }

  function hold(): () => void {
    const release = system.front.hold();
    onTestFinished(release);
    return release;
  }

  /** Holds back the tab's answer and freezes its page, until the returned functions are called. */
  async function standStillInRefresh(tab: SessionTab): Promise<readonly [() => void, () => Promise<void>]> {
    const before = system.front.refreshes();
    const release = hold();
    await tab.beginRefresh();
    await eventually('the tab has asked', () => expect(system.front.refreshes()).toBe(before + 1));
    // Later requests of the other tabs are answered.
    hold()();
    return [release, await standStill(tab)];
  }

  /** A person whose browser clock runs by itself and can also be advanced. */
  async function personWithClock(): Promise<SessionPerson & { passLives(share: number): Promise<void> }> {
    const person = await system.newPerson();
    const { clock } = person.context;
    await clock.install();
    return { ...person, passLives: (share) => clock.fastForward(share * tokenSeconds * 1000) };
  }

  it('signed in in one tab is signed in in all, and in those that open later, without asking again', async () => {
    const person = await system.newPerson();
    const [one, two] = [await person.openTab(), await person.openTab()];
    expect(await one.state()).toEqual({ status: 'signed_out', reason: null });
    const before = system.front.refreshes();
    await one.signIn(person.credentials);
    await eventually('the other tab has the token', async () =>
      expect(await two.token()).toBe(await one.token()),
    );
    const three = await person.openTab();
    expect(await three.status()).toBe('signed_in');
    const tabs = [one, two, three];
    expect(await Promise.all(tabs.map((tab) => tab.ask(system.cart)))).toEqual([200, 200, 200]);
    expect(system.front.refreshes()).toBe(before);
  });

  it('a page that is loaded again has the session back by its cookie', async () => {
    const person = await system.newPerson();
    const [tab] = (await person.signedInTabs(1)) as [SessionTab];
    const { sessionId } = await tab.state();
    await tab.page.close();
    const again = await person.openTab();
    expect(await again.state()).toMatchObject({ status: 'signed_in', sessionId });
    expect(await again.ask(system.cart)).toBe(200);
  });

  it('five tabs that want a new token at once cause one request, and all get its token', async () => {
    const person = await system.newPerson();
    const tabs = await person.signedInTabs(5);
    const [first] = tabs as [SessionTab];
    await Promise.all(tabs.map(bePatient));
    const before = system.front.refreshes();
    const release = hold();
    const refreshing = Promise.all(tabs.map((tab) => tab.refresh()));
    await eventually('one refresh was asked for', () => expect(system.front.refreshes()).toBe(before + 1));
    await eventually('the other tabs wait for their turn', async () => expect(await first.queued()).toBe(4));
    release();
    const tokens = new Set((await refreshing).map(({ accessToken }) => accessToken));
    expect(tokens.size).toBe(1);
    expect(system.front.refreshes()).toBe(before + 1);
  });

  it('signed out in one tab is signed out in all, and for good', async () => {
    const person = await system.newPerson();
    // A bound token would be refused without its key in any case.
    const [one, two] = (await person.signedInTabs(2, unbound)) as [SessionTab, SessionTab];
    const token = await one.token();
    expect((await send(system.auth.url, { path: '/sessions', token })).status).toBe(200);
    await two.signOut();
    await expectEnd([one, two], 'sign_out');
    expect(await person.context.cookies()).toEqual([]);
    expect(await one.ask(system.cart)).toBe('signed_out');
    expect(await (await person.openTab()).status()).toBe('signed_out');
    expect((await send(system.auth.url, { path: '/sessions', token })).status).toBe(401);
  });

  it('all tabs say that the person ended the session from another device', async () => {
    const person = await system.newPerson();
    const tabs = (await person.signedInTabs(2)) as [SessionTab, SessionTab];
    const { sessionId } = await tabs[0].state();
    const { status } = await send(system.auth.url, {
      method: 'DELETE',
      path: `/sessions/${sessionId}`,
      token: await person.otherToken(),
    });
    expect(status).toBe(204);
    await eventually('the token is refused', async () =>
      expect(await tabs[0].ask(system.cart)).not.toBe(200),
    );
    await expectEnd(tabs, 'ended_by_user');
  });

  it('all tabs say that a sign-in elsewhere displaced the session', async () => {
    const person = await system.newPerson();
    const tabs = (await person.signedInTabs(2)) as [SessionTab, SessionTab];
    const other = await person.signInElsewhere();
    await tabs[1].refresh();
    await expectEnd(tabs, 'displaced');
    expect(await other.ask(system.cart)).toBe(200);
  });

  it('a re-authentication reaches all tabs', async () => {
    const person = await system.newPerson();
    const [one, two] = (await person.signedInTabs(2)) as [SessionTab, SessionTab];
    const before = (await one.state()).authTimeMs ?? 0;
    // The server tells the time in seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await one.reauthenticate(person.credentials.password);
    await eventually('the other tab knows of the re-authentication', async () =>
      expect((await two.state()).authTimeMs).toBeGreaterThan(before),
    );
  });

  it('scripts can find nothing of the session, except that there is one and that it has a key', async () => {
    const person = await system.newPerson();
    const [tab] = (await person.signedInTabs(1)) as [SessionTab];
    await tab.refresh();
    const kept = await tab.page.evaluate(async () => {
      const window = globalThis as unknown as {
        localStorage: object;
        sessionStorage: object;
        document: { cookie: string };
        indexedDB: { databases(): Promise<object[]> };
        caches: { keys(): Promise<string[]> };
      };
      return {
        localStorage: { ...window.localStorage },
        sessionStorage: { ...window.sessionStorage },
        cookie: window.document.cookie,
        databases: await window.indexedDB.databases(),
        caches: await window.caches.keys(),
      };
    });
    const mark = `latchkey session ${JSON.stringify([system.front.origin, 'storefront'])}`;
    expect(kept).toEqual({
      localStorage: { [mark]: '' },
      sessionStorage: {},
      cookie: '',
      databases: [{ name: 'latchkey', version: 1 }],
      caches: [],
    });
    expect(await person.context.cookies()).toMatchObject([
      {
        name: expect.stringMatching(/^latchkey-refresh-/),
        httpOnly: true,
        sameSite: 'Strict',
        domain: 'localhost',
      },
    ]);
  });

  it('a tab that is closed in the middle of a refresh does not cost the session', async () => {
    const person = await system.newPerson();
    const [tab] = (await person.signedInTabs(1)) as [SessionTab];
    const { sessionId } = await tab.state();
    const [before] = await person.context.cookies();
    const asked = system.front.refreshes();
    const release = hold();
    await tab.beginRefresh();
    await eventually('the refresh was asked for', () => expect(system.front.refreshes()).toBe(asked + 1));
    await tab.page.close();
    release();
    await eventually('the browser has another cookie', async () =>
      expect((await person.context.cookies())[0]?.value).not.toBe(before?.value),
    );
    expect(await (await person.openTab()).state()).toMatchObject({ status: 'signed_in', sessionId });
  });

  it('cookies of other apps on the same host do no harm, and are not changed', async () => {
    const person = await system.newPerson();
    const [tab] = (await person.signedInTabs(1)) as [SessionTab];
    const { sessionId } = await tab.state();
    const [{ name = '' } = {}] = await person.context.cookies();
    const foreign = { value: 'of-another-app', domain: 'localhost' };
    await person.context.addCookies([
      { ...foreign, name: 'refresh_token', path: '/' },
      // Browsers send the longer path first.
      { ...foreign, name, path: '/sessions' },
    ]);
    for (let times = 0; times < 2; times++)
      expect(await tab.refresh()).toMatchObject({ status: 'signed_in', sessionId });
    await tab.signOut();
    await tab.refresh();
    const left = await person.context.cookies(
      `${system.auth.url.replace('127.0.0.1', 'localhost')}/sessions`,
    );
    expect(left.filter(({ value }) => value === foreign.value)).toHaveLength(2);
  });

  it('tabs that stand still while they renew block no other tab, and undo nothing', async () => {
    const person = await system.newPerson();
    const [standing, one, two] = (await person.signedInTabs(3)) as [SessionTab, SessionTab, SessionTab];
    const { sessionId } = await one.state();
    // The other one waits for this one.
    await hurry(one);
    await bePatient(two);
    const before = system.front.refreshes();
    const [release, goOn] = await standStillInRefresh(standing);
    const tokens = await Promise.all([one, two].map(async (tab) => (await tab.refresh()).accessToken));
    expect(new Set(tokens).size).toBe(1);
    expect(system.front.refreshes()).toBe(before + 2);
    release();
    const [releaseOne, oneGoesOn] = await standStillInRefresh(one);
    await hurry(two);
    await two.refresh();
    releaseOne();
    await Promise.all([goOn(), oneGoesOn()]);
    await eventually('all tabs have the latest token', async () => {
      for (const tab of [standing, one]) expect(await tab.token()).toBe(await two.token());
    });
    expect(await standing.refresh()).toMatchObject({ status: 'signed_in', sessionId });
    expect(await one.ask(system.cart)).toBe(200);
  });

  it('a tab that stands still while it renews does not prevent a sign-out, which is final', async () => {
    const person = await system.newPerson();
    const [standing, one] = (await person.signedInTabs(2)) as [SessionTab, SessionTab];
    await hurry(one);
    const [release, goOn] = await standStillInRefresh(standing);
    await one.signOut();
    expect(await one.state()).toEqual({ status: 'signed_out', reason: 'sign_out' });
    release();
    await goOn();
    await expectEnd([standing, one], 'sign_out');
    await standing.page.close();
    expect(await (await person.openTab()).status()).toBe('signed_out');
  });

  it('a page on another site than auth-service is told so when it signs in', async () => {
    const person = await system.newPerson();
    const tab = await person.openTab(crossSite);
    expect(await tab.state()).toEqual({ status: 'signed_out', reason: null });
    expect(await tab.refresh()).toEqual({ status: 'signed_out', reason: 'cross_site' });
    await expect(tab.signIn(person.credentials)).rejects.toThrow(/are on different sites.*Serve both/s);
    expect(await person.context.cookies()).toEqual([]);
  });

  it('a page in a frame of another site is told so when it signs in, and leaves no session behind', async () => {
    const person = await system.newPerson();
    const frame = await person.openFrame();
    await expect(frame.signIn(person.credentials)).rejects.toThrow(/in a frame of another site/);
    expect(await frame.state()).toEqual({ status: 'signed_out', reason: null });
    const { body } = await send(system.auth.url, { path: '/sessions', token: await person.otherToken() });
    expect(body['sessions']).toHaveLength(1);
    const [tab] = await person.signedInTabs(1);
    expect(await tab?.status()).toBe('signed_in');
  });

  it('a browser that does not send Sec-Fetch-Site learns at the first renewal that it kept no cookie', async () => {
    const person = await system.newPerson();
    onTestFinished(system.front.hideSite());
    const tab = await person.openTab(crossSite);
    expect(await tab.state()).toEqual({ status: 'signed_out', reason: null });
    await tab.signIn(person.credentials);
    expect(await tab.refresh()).toEqual({ status: 'signed_out', reason: 'no_cookie' });
  });

  it('a redirect does not take the token to another origin', async () => {
    const person = await system.newPerson();
    const [tab] = (await person.signedInTabs(1)) as [SessionTab];
    expect(await tab.ask(system.redirecting)).toBe('redirected');
    expect(await tab.ask(system.stranger)).toBe('origin_not_allowed');
    expect(system.led).toEqual([]);
  });

  it('five idle tabs renew the token once in each of its lifetimes', async () => {
    const { signedInTabs, passLives } = await personWithClock();
    const tabs = await signedInTabs(5);
    // The clock also runs by itself, and opening tabs takes long on a busy machine: their token begins its life now.
    await tabs[0]?.refresh();
    for (let life = 0; life < 2; life += 1) {
      const renewed = system.front.renewals();
      const token = await tabs[0]?.token();
      // Each tab renews at 75 % to 85 % of a token's life, unless another tab has. A busy machine adds some time.
      // Where the clock is ahead, a tab's first request gets a nonce in place of a token.
      await passLives(0.5);
      expect(system.front.renewals()).toBe(renewed);
      await passLives(0.4);
      await eventually('all tabs have the next token', async () => {
        const tokens = new Set(await Promise.all(tabs.map((tab) => tab.token())));
        expect([...tokens]).toEqual([expect.not.stringMatching(token ?? 'a token')]);
      });
      expect(system.front.renewals()).toBe(renewed + 1);
    }
    const answers = await Promise.all(tabs.map((tab) => tab.ask(system.cart)));
    expect(answers).toEqual([200, 200, 200, 200, 200]);
  });

  it('while auth-service is stopped the token works until it expires, and afterwards the session goes on', async () => {
    const { signedInTabs, passLives } = await personWithClock();
    const [one, two] = (await signedInTabs(2)) as [SessionTab, SessionTab];
    const { sessionId } = await one.state();
    await one.refresh();
    await system.auth.kill();
    onTestFinished(() => system.auth.start());
    await passLives(0.8);
    expect(await Promise.all([one, two].map((tab) => tab.ask(system.cart)))).toEqual([200, 200]);
    await passLives(0.3);
    expect(await one.ask(system.cart)).toBe('unreachable');
    expect(await one.state()).toMatchObject({ status: 'signed_in', sessionId });
    await system.auth.start();
    for (const tab of [one, two]) {
      await eventually('the tab is served again', async () => expect(await tab.ask(system.cart)).toBe(200));
    }
    expect(await two.state()).toMatchObject({ status: 'signed_in', sessionId });
    await eventually('both tabs have the same token', async () =>
      expect(await one.token()).toBe(await two.token()),
    );
  });
});
