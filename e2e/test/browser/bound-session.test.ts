import { send } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from './describe-in-browser.ts';
import { deleteDatabase, keysIn, plant, plunder } from './session-storage.ts';
import { type SessionSystem, startSessionSystem } from './session-system.ts';
import type { SessionTab } from './session-tab.ts';

describeInBrowser('a browser session that is bound to a key', () => {
  let system: SessionSystem;
  let record = '';
  beforeAll(async () => {
    system = await startSessionSystem(300);
    record = `latchkey session ${JSON.stringify([system.front.origin, 'storefront'])}`;
  });
  afterAll(() => system?.stop());

  async function signedIn(count: number) {
    const person = await system.newPerson();
    return { person, tabs: (await person.signedInTabs(count)) as [SessionTab, SessionTab] };
  }

  const thumbprints = async (tab: SessionTab) =>
    (await keysIn(tab, record)).map(({ thumbprint }) => thumbprint);

  async function expectEnd(tabs: readonly SessionTab[], reason: string): Promise<void> {
    for (const tab of tabs)
      await eventually('the tab is signed out, and knows why', async () =>
        expect(await tab.state()).toEqual({ status: 'signed_out', reason }),
      );
  }

  it('has one key, in all tabs and after they were loaded again, of which no script can read the private part', async () => {
    const { person, tabs } = await signedIn(2);
    const [key] = await keysIn(tabs[0], record);
    expect(await keysIn(tabs[1], record)).toEqual([key]);
    expect(key?.privateKey).toEqual(['InvalidAccessError', 'InvalidAccessError']);
    const { sessionId } = await tabs[0].state();
    for (const tab of tabs) {
      await tab.page.reload();
      await tab.restore();
    }
    const all = [...tabs, await person.openTab()];
    for (const tab of all) {
      expect(await tab.state()).toMatchObject({ status: 'signed_in', isBound: true, sessionId });
      expect(boundTo(await tab.token())).toBe(key?.thumbprint);
      const asking = tab.page.waitForRequest(
        (request) => request.method() === 'GET' && request.url() === system.cart,
      );
      expect(await tab.ask(system.cart)).toBe(200);
      const headers = await (await asking).allHeaders();
      expect(headers).toMatchObject({
        authorization: expect.stringMatching(/^DPoP /),
        dpop: expect.any(String),
      });
    }
  });

  it('gets a new key at each sign-in, and the key is deleted when the person signs out', async () => {
    const { person, tabs } = await signedIn(2);
    const first = await thumbprints(tabs[0]);
    await tabs[1].signIn(person.credentials);
    const second = await thumbprints(tabs[0]);
    expect([first.length, second.length]).toEqual([1, 1]);
    expect(second).not.toEqual(first);
    await eventually('the other tab goes on with the new key', async () =>
      expect(boundTo(await tabs[0].token())).toBe(second[0]),
    );
    expect(await tabs[0].ask(system.cart)).toBe(200);
    await tabs[0].signOut();
    await expectEnd(tabs, 'sign_out');
    expect(await thumbprints(tabs[0])).toEqual([]);
  });

  it('is worth nothing in another browser that has its token, its cookies and all that a script can read; the owner stays in, and hears of it', async () => {
    const { tabs } = await signedIn(1);
    const { sessionId } = await tabs[0].state();
    const loot = await plunder(tabs[0], record);
    expect(loot).toMatchObject({ cookies: [expect.anything()], keys: [expect.anything()] });
    expect(Object.keys(loot.texts[0])).toEqual([record]);

    // With all that was copied; without the key; and with the cookie alone, as a proxy would see it.
    const fakeKey = await openLoot({ ...loot });
    await expect(fakeKey.restore()).rejects.toThrow(/proof is not valid/);
    for (const copied of [
      { ...loot, keys: [] },
      { ...loot, keys: [], texts: [{}, {}] as const },
    ]) {
      const thief = await openLoot(copied);
      expect(await thief.refresh()).toEqual({ status: 'signed_out', reason: 'foreign_key' });
      expect(await thief.ask(system.cart)).toBe('signed_out');
    }
    for (const scheme of ['Bearer', 'DPoP']) {
      const headers = { authorization: `${scheme} ${loot.token}` };
      for (const [origin, path] of [
        [new URL(system.cart).origin, '/cart'],
        [system.front.origin, '/sessions'],
      ] as const)
        expect((await send(origin, { path, headers })).status).toBe(401);
    }

    expect(await tabs[0].refresh()).toMatchObject({ status: 'signed_in', sessionId });
    expect(await tabs[0].ask(system.cart)).toBe(200);
    const listed = await tabs[0].read(`${system.front.origin}/sessions`);
    expect(listed).toMatchObject({
      sessions: [{ id: sessionId, bound: true, foreign_key_at: expect.any(String) }],
    });
  });

  it('ends with its reason when the browser loses the cookie, or the key', async () => {
    const { person: one, tabs: withoutCookie } = await signedIn(2);
    await one.context.clearCookies();
    await withoutCookie[0].refresh();
    await expectEnd(withoutCookie, 'no_cookie');
    expect(await thumbprints(withoutCookie[0])).toEqual([]);

    const { person: two, tabs: withoutKey } = await signedIn(2);
    await deleteDatabase(withoutKey[0]);
    await withoutKey[1].refresh();
    await expectEnd(withoutKey, 'foreign_key');
    await withoutKey[0].signIn(two.credentials);
    expect(await withoutKey[0].ask(system.cart)).toBe(200);
  });

  /** Another browser, into which the loot was copied. */
  async function openLoot(loot: Parameters<typeof plant>[2]): Promise<SessionTab> {
    const tab = await (await system.newPerson()).openTab();
    await plant(tab, record, loot);
    await tab.page.reload();
    await tab.page.waitForFunction(() => 'session' in globalThis);
    return tab;
  }
});

/** The thumbprint of the key in the claim `cnf` (RFC 9449 §6.1). */
function boundTo(token = ''): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).cnf?.jkt;
}
