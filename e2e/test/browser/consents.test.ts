import { send } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import * as openid from 'openid-client';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { beginAtApplication, typePassword } from './application.ts';
import { seriousFaultsInBothThemes } from './axe.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { message, registerSomebody, tabTo } from './shop-page.ts';

describeInBrowser('what a person allowed an application of somebody else', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  /** Registers a person at the shop, who then lets an application in. */
  async function allowSomething() {
    const person = await system.newPerson();
    const shop = await person.openTab();
    const credentials = await registerSomebody(shop);
    const { url, finish, configuration } = await beginAtApplication(system.stack);
    const tab = await person.context.newPage();
    await tab.goto(url.href);
    await typePassword(tab, credentials);
    await tab.getByRole('button', { name: 'Allow', exact: true }).click();
    const tokens = await finish(tab);
    await tab.close();
    return { ...person, shop, configuration, tokens };
  }

  const summary = (page: Page) => page.getByText('Applications with access', { exact: true });
  const withdraw = (page: Page) => page.getByRole('button', { name: 'Withdraw the access of Gift ideas' });
  const nothing = (page: Page) => page.getByText('No application of somebody else has access');

  it('is in their account, in words, and is withdrawn with the keyboard, which ends its access everywhere', async () => {
    const { shop, configuration, tokens, complaints } = await allowSomething();
    const wishlist = () =>
      send(system.stack.services.wishlist.url, { path: '/wishlist', token: tokens.access_token });
    expect((await wishlist()).status).toBe(200);

    await tabTo(shop, summary(shop));
    await shop.keyboard.press('Enter');
    const list = shop.getByRole('region', { name: 'Applications with access' });
    await list.getByText('Gift ideas', { exact: true }).waitFor();
    await list.getByText(/^Allowed \d/).waitFor();
    expect(await list.getByRole('listitem').getByRole('listitem').allTextContents()).toEqual([
      'know that it is you, by a number that says nothing else about you',
      'see your user name',
      'see your wishlist',
      'go on doing so while you are away, until you withdraw it',
    ]);
    expect(await seriousFaultsInBothThemes(shop)).toEqual({ light: [], dark: [] });

    await tabTo(shop, withdraw(shop));
    await shop.keyboard.press('Enter');
    await message(shop, 'You withdrew the access of Gift ideas. It has ended everywhere.').waitFor();
    await nothing(shop).waitFor();
    // The button is gone, and the focus is still in the list.
    await eventually('the focus is in the list', async () =>
      expect(await list.evaluate((element) => element.matches(':focus'))).toBe(true),
    );
    expect(await seriousFaultsInBothThemes(shop)).toEqual({ light: [], dark: [] });

    await eventually('wishlist-service refuses its token', async () =>
      expect(await wishlist()).toMatchObject({ status: 401, body: { reason: 'consent_withdrawn' } }),
    );
    await expect(openid.refreshTokenGrant(configuration, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    expect(complaints).toEqual([]);
  });

  it('stays in the list while auth-service cannot be told, and leaves it when another tab was first', async () => {
    const { shop, openTab } = await allowSomething();
    const other = await openTab();
    await other.getByText(/^Hello, /).waitFor();
    await summary(shop).click();
    await withdraw(shop).waitFor();

    const away = 'auth-service cannot be reached';
    await system.stack.services.auth.stop();
    try {
      await withdraw(shop).click();
      await message(shop, away).waitFor();
      expect(await withdraw(shop).count()).toBe(1);
      await summary(other).click();
      await other.getByRole('alert').filter({ hasText: away }).waitFor();
    } finally {
      await system.stack.services.auth.start();
    }
    await other.getByRole('button', { name: 'Try again' }).click();
    await withdraw(other).waitFor();
    await withdraw(shop).click();
    await nothing(shop).waitFor();
    await message(shop, away).waitFor({ state: 'detached' });

    await withdraw(other).click();
    await message(other, 'you have already withdrawn it').waitFor();
    await nothing(other).waitFor();
  });
});
