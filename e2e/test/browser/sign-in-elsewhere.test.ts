import { seededPeople } from '@latchkey/example-id';
import { eventually } from '@latchkey/testing';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { ageSignIn } from '../old-sign-in.ts';
import { seriousFaultsInBothThemes } from './axe.ts';
import { lanes } from './console-page.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { addToCart, message, pay, registerSomebody, tokenSentBy } from './shop-page.ts';

const [mina, viewer] = seededPeople;

describeInBrowser('an account elsewhere', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  const elsewhere = (page: Page) => page.getByRole('button', { name: 'Continue with Example ID' });
  const hello = (page: Page) => page.getByText(/^Hello, guest-[0-9a-f]{16}\.$/);
  const outcome = (page: Page, text: string) => page.getByRole('alert').getByText(text);

  const arrivedThere = (page: Page) =>
    page.getByRole('heading', { name: 'Sign in to go on to Latchkey' }).waitFor();

  async function signInThere(page: Page, { username, password } = mina): Promise<void> {
    await arrivedThere(page);
    await page.getByLabel('User name').fill(username);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** Opens the part of the account card with the accounts elsewhere. */
  async function waysIn(page: Page) {
    await page.getByText('Accounts elsewhere', { exact: true }).click();
    return page.getByRole('region', { name: 'Accounts elsewhere' });
  }

  /** Presses a button of that part, and goes on in its dialog with the password. */
  async function change(page: Page, name: string, password: string | null, confirm = name): Promise<void> {
    await page.getByRole('button', { name, exact: true }).click();
    const dialog = page.getByRole('dialog', { name });
    if (password !== null) await dialog.getByLabel('assword').fill(password);
    await dialog.getByRole('button', { name: confirm, exact: true }).click();
  }

  it('lets somebody in, is in their account card and in the lanes, and ends with the sign-out there', async () => {
    const { openTab, context, complaints, strangers } = await system.newPerson();
    const page = await openTab();
    await elsewhere(page).waitFor();
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    await elsewhere(page).click();
    await signInThere(page);
    await hello(page).waitFor();
    expect(page.url()).toBe(`${system.origin}/`);
    await addToCart(page, 'Moon jar');

    const rows = lanes(page).locator('[data-trace]');
    await rows.filter({ hasText: 'GET /authorize' }).getByText('the browser leaves').waitFor();
    await rows.filter({ hasText: 'GET /?code=$CODE&state=$STATE' }).click();
    await page.getByText('The browser itself went to example-id and came back.').waitFor();

    const list = await waysIn(page);
    await list.getByRole('listitem').getByText(mina.name).waitFor();
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    await change(page, 'Unlink Example ID', null, 'Unlink');
    await page.getByText('You could not sign in any more.').waitFor();
    await page.keyboard.press('Escape');

    const there = await context.newPage();
    await there.goto(`${system.stack.exampleId?.url.replace('127.0.0.1', 'localhost')}/session/end`);
    await there.getByRole('button', { name: 'Sign out' }).click();
    await there.getByText('You are signed out of Example ID.').waitFor();
    await page.getByText('You signed out where you had signed in').waitFor();
    expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
  });

  it('is linked and unlinked with the password; cancelled there, it is not, and nobody believes an address', async () => {
    const { openTab } = await system.newPerson();
    const page = await openTab();
    const { password } = await registerSomebody(page);
    const list = await waysIn(page);
    await list.getByText('You sign in with your password alone.').waitFor();
    await change(page, 'Link Example ID', 'wrong-password-51', 'Continue');
    await page.getByRole('dialog').getByText('The user name or the password is wrong.').waitFor();
    await page.keyboard.press('Escape');
    await change(page, 'Link Example ID', password, 'Continue');
    await arrivedThere(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await outcome(page, 'You cancelled it at Example ID. Nothing was linked.').waitFor();
    expect(page.url()).toBe(`${system.origin}/`);

    await change(page, 'Link Example ID', password, 'Continue');
    await signInThere(page, viewer);
    await outcome(page, 'Your account at Example ID is linked').waitFor();
    await list.getByRole('listitem').getByText(viewer.name).waitFor();
    await change(page, 'Unlink Example ID', password, 'Unlink');
    await message(page, 'Example ID is unlinked.').waitFor();
    await list.getByText('You sign in with your password alone.').waitFor();

    const other = await openTab('/?identity=linked&provider=example-id');
    await other.getByText(/^Hello, /).waitFor();
    expect(other.url()).toBe(`${system.origin}/`);
    expect(await other.getByText('Your account at Example ID is linked').count()).toBe(0);
  });

  it('proves before a large payment that it is them, who have no password, and then they set one', async () => {
    const { openTab } = await system.newPerson();
    const page = await openTab();
    await elsewhere(page).click();
    await signInThere(page, viewer);
    await hello(page).waitFor();
    const token = await tokenSentBy(page, () => addToCart(page, 'Moon jar'));
    await ageSignIn(system.stack, token);
    await page.reload();
    await hello(page).waitFor();

    await waysIn(page);
    await change(page, 'Set a password', 'heron-lantern-quarry-84');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Your sign-in is too long ago for this.').waitFor();
    await page.keyboard.press('Escape');
    await pay(page);
    await dialog.getByText('payment-service requires a new sign-in').waitFor();
    await elsewhere(page).last().click();
    await signInThere(page, viewer);
    await hello(page).waitFor();
    await pay(page);
    await page.getByText('Paid €720.00. Thank you.').waitFor();

    await waysIn(page);
    await change(page, 'Set a password', 'heron-lantern-quarry-84');
    await message(page, 'Your password is set.').waitFor();
    await eventually('nothing more can be set', async () =>
      expect(await page.getByRole('button', { name: 'Set a password' }).count()).toBe(0),
    );
  });
});
