import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeInBrowser } from './describe-in-browser.ts';
import { type SessionSystem, startSessionSystem } from './session-system.ts';
import type { SessionTab } from './session-tab.ts';

/** Long enough to work with, short enough to see it expire. */
const TOKEN_SECONDS = 8;

describeInBrowser('a browser session whose tokens expire', () => {
  let system: SessionSystem;
  beforeAll(async () => {
    system = await startSessionSystem(TOKEN_SECONDS);
  }, 120_000);
  afterAll(() => system?.stop());

  it('left alone for two lives of a token, five tabs renew it once for each', async () => {
    const person = await system.newPerson();
    const tabs = await person.signedInTabs(5);
    const before = system.front.refreshes();
    const began = Date.now();
    const seen = new Set<string | undefined>();
    while (Date.now() - began < 2 * TOKEN_SECONDS * 1000) {
      for (const tab of tabs) seen.add(await tab.token());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const refreshes = system.front.refreshes() - before;
    const lives = (Date.now() - began) / 1000 / TOKEN_SECONDS;
    // Each begins when three quarters of the one before have passed, or later.
    expect(refreshes).toBeGreaterThanOrEqual(Math.floor(lives));
    expect(refreshes).toBeLessThanOrEqual(1 + lives / 0.75);
    expect(seen.size).toBeLessThanOrEqual(refreshes + 1);
    const answers = await Promise.all(tabs.map((tab) => tab.ask(system.cart)));
    expect(answers).toEqual([200, 200, 200, 200, 200]);
  });

  it('while auth-service is stopped the token serves until it expires, and then the session goes on', async () => {
    const person = await system.newPerson();
    const [one, two] = (await person.signedInTabs(2)) as [SessionTab, SessionTab];
    const { sessionId } = await one.state();
    await one.refresh();
    // Killed: a stop in good order may take longer than the token lives.
    await system.auth.kill();
    onTestFinished(() => system.auth.start());
    expect(await Promise.all([one, two].map((tab) => tab.ask(system.cart)))).toEqual([200, 200]);
    await eventually('the token has expired', async () =>
      expect(await one.ask(system.cart)).toBe('unreachable'),
    );
    expect(await one.state()).toMatchObject({ status: 'signed_in', sessionId });
    await system.auth.start();
    for (const tab of [one, two])
      await eventually('the tab is served again', async () => expect(await tab.ask(system.cart)).toBe(200));
    expect(await two.state()).toMatchObject({ status: 'signed_in', sessionId });
    await eventually('both tabs have the same token', async () =>
      expect(await one.token()).toBe(await two.token()),
    );
  });
});
