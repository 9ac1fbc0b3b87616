import { eventually } from '@latchkey/testing';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { seriousFaultsInBothThemes } from './axe.ts';
import { arrow, inspector, openPanel, verdictsIn } from './console-page.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { addToCart, signInAs } from './shop-page.ts';

const serverCannot = /the demo’s server cannot use its token/;

describeInBrowser('a session that is bound to a key, in the demo', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  const bindingPart = (page: Page) => page.getByRole('region', { name: 'Is your session bound to a key?' });

  /** Changes the choice, and signs in again. */
  async function choose(page: Page, name: string, who = 'mina'): Promise<void> {
    const loaded = page.waitForEvent('load');
    await bindingPart(page).getByRole('button', { name }).click();
    await loaded;
    await signInAs(page, who);
  }

  async function visitBound(who = 'mina') {
    const { openTab, complaints, strangers, context } = await system.newPerson();
    const page = await openTab();
    await signInAs(page, who);
    await openPanel(page, 'Thief');
    await choose(page, 'Bind my session to a key', who);
    const isClean = () => expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
    return { page, openTab, context, isClean };
  }

  const stealBoth = async (panel: Locator) => {
    await panel.getByRole('button', { name: 'Use it from another machine' }).click();
    const access = panel.getByRole('region', { name: 'Steal the access token' });
    const verdicts = await verdictsIn(access, 'The thief’s machine uses your token');
    await panel.getByRole('button', { name: 'Steal it and use it' }).click();
    await panel.getByRole('table', { name: 'What happened, in order' }).waitFor();
    return Object.values(verdicts).map(([verdict]) => verdict?.replace(/\s+/g, ' ').trim());
  };

  it('is a choice, which is kept; the thief gets nothing, the owner stays in, and both outcomes are side by side', async () => {
    const { openTab, complaints, strangers } = await system.newPerson();
    const page = await openTab();
    await signInAs(page, 'mina');
    const panel = await openPanel(page, 'Thief');
    await bindingPart(page).getByText('not bound to a key', { exact: true }).waitFor();
    expect(await stealBoth(panel)).toEqual(Array(3).fill(expect.stringContaining('200')));
    await page.getByText('You are signed out: a replaced refresh token was used').waitFor();

    await choose(page, 'Bind my session to a key');
    await bindingPart(page).getByText('bound to a key of this browser', { exact: true }).waitFor();
    expect(await stealBoth(panel)).toEqual(Array(3).fill(expect.stringMatching(/401.*invalid_token/)));
    await panel.getByText(/^cnf: \{"jkt":"[\w-]{43}"\}$/).waitFor();
    expect(await panel.getByRole('button', { name: 'Now sign out' }).isDisabled()).toBe(true);
    await panel.getByText('The thief got nothing, and you are still signed in.').first().waitFor();
    const steps = panel.getByRole('table', { name: 'What happened, in order' }).getByRole('row');
    expect(await steps.allTextContents()).toEqual([
      expect.anything(),
      expect.stringMatching(/^thief.*401.*the browser has not got the session’s key/),
      expect.stringMatching(/^owner.*200/),
    ]);

    const compared = panel.getByRole('table', { name: 'The same theft with and without a key' });
    const rows = await compared
      .getByRole('row')
      .filter({ has: page.getByRole('cell') })
      .all();
    const cells = await Promise.all(rows.map((row) => row.getByRole('cell').allTextContents()));
    const [worked, failed] = [expect.stringContaining('200'), expect.stringContaining('401')];
    expect(cells).toEqual([
      ...Array(3).fill([worked, failed]),
      [worked, failed],
      [expect.stringMatching(/401.*a sign of theft/), worked],
    ]);
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });

    const devices = await openPanel(page, 'Devices');
    await devices.getByText('bound to a key', { exact: true }).waitFor();
    await devices.getByRole('alert').getByText('They got nothing.').waitFor();
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });

    // The other tab has the same session, and so needs the same choice.
    const other = await openTab();
    await other.getByText('Hello, mina.').waitFor();
    await openPanel(page, 'Thief');
    const otherLoaded = other.waitForEvent('load');
    await choose(page, 'Go without a key again');
    await otherLoaded;
    await bindingPart(page).getByText('not bound to a key', { exact: true }).waitFor();
    await other.getByText('Hello, mina.').waitFor();
    expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
  });

  it('is of no use to the demo’s server, and each panel says so', async () => {
    const { page, isClean } = await visitBound('viewer');
    const permissions = await openPanel(page, 'Permissions');
    await permissions.getByText(serverCannot).waitFor();

    const devices = await openPanel(page, 'Devices');
    await devices.getByRole('button', { name: 'Sign a phone in' }).click();
    const phones = devices.getByRole('table', { name: 'Phones: one at a time' });
    await phones.getByText('signed in', { exact: true }).waitFor();
    await phones.getByRole('button', { name: /^Sign out: / }).click();
    await devices.getByText(serverCannot).waitFor();

    const sharing = await openPanel(page, 'Sharing');
    await sharing.getByRole('button', { name: 'Sign in there and allow it' }).click();
    await sharing.getByText('openid profile offline_access wishlist:read').waitFor();
    await sharing.getByRole('button', { name: 'Withdraw it, as in your account' }).click();
    await sharing.getByText(serverCannot).waitFor();

    const keys = await openPanel(page, 'Keys');
    await keys.getByText('Send requests continuously').click();
    const requests = async () => Number(await keys.getByRole('definition').first().textContent());
    await eventually('ten requests were made', async () => expect(await requests()).toBeGreaterThan(10));
    expect(await keys.getByRole('definition').nth(2).textContent()).toBe('0');
    await keys.getByRole('button', { name: 'It has leaked: revoke the key of your token' }).click();
    await keys.getByText(serverCannot).waitFor();
    expect(await page.getByText('It failed').count()).toBe(0);
    await page.getByText('Hello, viewer.').waitFor();
    isClean();
  });

  it('shows in the lanes that a service asks for a nonce, and in the inspector the proof, never whole', async () => {
    const { page, context, isClean } = await visitBound();
    // Every service asks a client for a nonce whose clock is wrong, and some ask all clients.
    await context.clock.install({ time: Date.now() + 600_000 });
    const secrets = new Set<string>();
    context.on('request', (request) => {
      const { authorization, dpop } = request.headers();
      for (const secret of [authorization?.split(' ')[1], dpop]) if (secret) secrets.add(secret);
    });
    await page.reload();
    await page.getByText('Hello, mina.').waitFor();
    await addToCart(page, 'Blue mug');
    await arrow(page, /from Page to Cart 401 asks for a nonce/).click();
    const shown = inspector(page);
    await shown.getByText('The page repeats the request by itself.').waitFor();
    await arrow(page, /^PUT .* from Page to Cart 20\d let in|^POST .* from Page to Cart 20\d let in/).click();
    await shown.getByText('Every check passed.').waitFor();
    await shown.getByText('To which key it is bound').waitFor();
    const proof = shown.getByRole('group').filter({ hasText: 'The proof of the key' });
    for (const name of ['htm', 'htu', 'ath', 'nonce']) await proof.getByText(name, { exact: true }).waitFor();
    await shown.getByRole('heading', { name: 'Headers' }).click();
    await shown.getByRole('heading', { name: 'As curl' }).click();
    await shown.getByText('-H "dpop: $PROOF"').waitFor();
    await shown.getByText('The page’s proof was good once').waitFor();
    expect(secrets.size).toBeGreaterThan(2);
    const content = await page.content();
    expect([...secrets].filter((secret) => content.includes(secret))).toEqual([]);
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    isClean();
  });
});
