import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { describeInBrowser } from './describe-in-browser.ts';
import type { SessionPerson } from './session-person.ts';
import { type SessionSystem, startSessionSystem } from './session-system.ts';
import type { SessionTab } from './session-tab.ts';

const TOKEN_SECONDS = 300;

describeInBrowser('a browser session whose tokens expire', () => {
  let system: SessionSystem;
  beforeAll(async () => {
    system = await startSessionSystem(TOKEN_SECONDS);
  }, 120_000);
  afterAll(() => system?.stop());

  /** Somebody whose browser has a clock that can be put forward, which goes on by itself as well. */
  async function newPerson(): Promise<SessionPerson & { passLives(share: number): Promise<void> }> {
    const person = await system.newPerson();
    const { clock } = person.context;
    await clock.install();
    return { ...person, passLives: (share) => clock.fastForward(share * TOKEN_SECONDS * 1000) };
  }

  it('left alone for two lives of a token, five tabs renew it once for each', async () => {
    const { signedInTabs, passLives } = await newPerson();
    const tabs = await signedInTabs(5);
    for (let life = 0; life < 2; life += 1) {
      const asked = system.front.refreshes();
      const token = await tabs[0]?.token();
      // Each tab renews at between 75 % and 85 % of a token's life, unless another has. A busy machine takes time as well.
      await passLives(0.5);
      expect(system.front.refreshes()).toBe(asked);
      await passLives(0.4);
      await eventually('all tabs have the next token', async () => {
        const tokens = new Set(await Promise.all(tabs.map((tab) => tab.token())));
        expect([...tokens]).toEqual([expect.not.stringMatching(token ?? 'a token')]);
      });
      expect(system.front.refreshes()).toBe(asked + 1);
    }
    const answers = await Promise.all(tabs.map((tab) => tab.ask(system.cart)));
    expect(answers).toEqual([200, 200, 200, 200, 200]);
  });

  it('while auth-service is stopped the token serves until it expires, and then the session goes on', async () => {
    const { signedInTabs, passLives } = await newPerson();
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
