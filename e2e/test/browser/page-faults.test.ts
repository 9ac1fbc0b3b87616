import { eventually } from '@latchkey/testing';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { arrow, inspector, lanes, openPanel, stopwatchIn } from './console-page.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { addToCart, message, openTab, pay, registerSomebody, signIn } from './shop-page.ts';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };

/** Waits until the whole element is within the viewport. */
function expectInSight(target: Locator): Promise<void> {
  return eventually(`${target} is in sight`, async () => {
    const box = await target.boundingBox();
    const size = target.page().viewportSize();
    expect(box).not.toBeNull();
    expect(size).not.toBeNull();
    if (box === null || size === null) return;
    expect([box.x >= 0, box.y >= 0]).toEqual([true, true]);
    expect([box.x + box.width <= size.width, box.y + box.height <= size.height]).toEqual([true, true]);
  });
}

describeInBrowser('the page', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  async function visit(options: BrowserContextOptions = {}): Promise<Page> {
    const viewport = { width: 1280, height: 800 };
    const { openTab: open } = await system.newPerson({ viewport, ...options });
    return open();
  }

  it('shows its three parts at 1280 by 800, signed out and signed in; begins no checkout to find out whether payments work, and says what a payment asks for and how it ended', async () => {
    const page = await visit();
    for (const begin of [async () => {}, () => registerSomebody(page)]) {
      await begin();
      for (const name of ['One token, four services', 'Inspector', 'Try to break it'])
        await expectInSight(page.getByRole('heading', { name }));
      await expectInSight(page.getByRole('tab', { name: 'Failures' }));
      await expectInSight(page.getByRole('tab', { name: 'Payments' }));
    }

    await addToCart(page, 'Blue mug');
    const payments: (string | null)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/payments'))
        payments.push(request.postData());
    });
    const panel = await openPanel(page, 'Failures');
    const row = panel.getByRole('row').filter({ hasText: /^Pay/ });
    await row.getByText('carries on').waitFor();
    await row.getByText('400').waitFor();
    // The lanes leave out the panels' requests. A checkout would appear as a hop that payment-service reports.
    await arrow(page, /^POST \/sessions\/refresh from Page to Auth 200 let in/).waitFor();
    expect(payments).toEqual([null]);
    for (const name of [/checkouts/, /^POST \/payments/, /^DELETE /])
      expect(await lanes(page).getByRole('option', { name }).count()).toBe(0);
    await pay(page, 'is declined');
    await expectInSight(page.getByText('The card was declined: the bank says no.'));
    expect(await page.getByRole('status').getByText('The card was declined').count()).toBe(1);
    await page.getByText(/^Above €500\.00, .* less than 5 min ago\. Yours was at \d/).waitFor();
    await page.getByRole('radio', { name: 'is charged' }).first().check();
    await page.getByRole('button', { name: /^Pay / }).click();
    await page.getByText('Paid €19.00. Thank you.').waitFor();
    await openTab(page, 'Payments');
    await page.getByText('Only support may refund.').waitFor();
  });

  it('inspects the newest request until another is chosen, fills the hearts of wished items, and no longer says that a service is away once it answers', async () => {
    const page = await visit();
    await registerSomebody(page);
    const inspected = inspector(page).getByRole('heading', { level: 3 });
    const expectInspected = (name: string) =>
      eventually(`${name} is inspected`, async () => expect(await inspected.textContent()).toContain(name));
    // The page reads again what was changed.
    await addToCart(page, 'Blue mug');
    await expectInspected('GET /cart');
    await page.getByRole('button', { name: 'Wish for Oak chair' }).click();
    await expectInspected('GET /wishlist');
    await arrow(page, /^POST \/wishlist\/items from Page to Wishlist 201/).click();
    await addToCart(page, 'Blue mug');
    await arrow(page, /^POST \/cart\/items from Page to Cart 20\d/).waitFor();
    await expectInspected('POST /wishlist/items');

    const heart = (name: string) => page.getByRole('button', { name: `Wish for ${name}` });
    const expectPressed = (name: string, pressed: boolean) =>
      eventually(`${name} is ${pressed ? '' : 'not '}pressed`, async () =>
        expect(await heart(name).getAttribute('aria-pressed')).toBe(String(pressed)),
      );
    await heart('Teapot').click();
    await expectPressed('Teapot', true);
    await expectPressed('Moon jar', false);
    await page.reload();
    await expectPressed('Teapot', true);
    await heart('Teapot').click();
    await message(page, 'Teapot is off the list.').waitFor();
    await expectPressed('Teapot', false);

    const told = message(page, 'wishlist-service cannot be reached');
    await system.stack.services.wishlist.stop();
    try {
      await heart('Teapot').click();
      await told.waitFor();
    } finally {
      await system.stack.services.wishlist.start();
    }
    await heart('Blue mug').click();
    await message(page, 'Blue mug is on your wishlist.').waitFor();
    await told.waitFor({ state: 'detached' });
  });

  it('keeps a note that is being typed when the session ends in another tab, says why it ended, and says that the person is still signed in when auth-service cannot be told', async () => {
    const { openTab: open } = await system.newPerson();
    const page = await open();
    const credentials = await registerSomebody(page);
    await page.getByRole('button', { name: 'Wish for Teapot' }).click();
    await openTab(page, 'Wishlist');
    await page.getByLabel('Note for Teapot').pressSequentially('for the wint');
    const other = await open();
    await other.getByRole('button', { name: 'Sign out', exact: true }).click();
    await other.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    expect(await other.getByText('You were signed out').count()).toBe(0);

    await page.getByText('You signed out elsewhere, for example in another tab.').waitFor();
    await signIn(page, credentials);
    const note = page.getByLabel('Note for Teapot');
    await note.waitFor();
    expect(await note.inputValue()).toBe('for the wint');
    await page.getByText('Not saved yet: press Enter to save it.').waitFor();
    await note.press('End');
    await note.pressSequentially('er');
    await note.press('Enter');
    await message(page, 'The note is saved.').waitFor();
    await page.reload();
    await note.waitFor();
    expect(await note.inputValue()).toBe('for the winter');

    await other.close();
    await system.stack.services.auth.stop();
    try {
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await message(page, 'You are still signed in').waitFor();
      await message(page, 'auth-service cannot be reached.').waitFor();

      // A page that is opened during the outage says so too, and keeps saying so while it retries.
      const { context } = await system.newPerson();
      const mark = `latchkey session ${JSON.stringify([system.stack.issuer, 'storefront'])}`;
      await context.addInitScript(`localStorage.setItem(${JSON.stringify(mark)}, '')`);
      let unanswered = 0;
      context.on('requestfailed', (request) => {
        if (request.url().endsWith('/sessions/refresh')) unanswered += 1;
      });
      const opened = await context.newPage();
      await opened.goto(system.origin);
      const told = opened.getByRole('alert').filter({ hasText: 'auth-service cannot be reached' });
      const notice = await told.elementHandle();
      const before = unanswered;
      await told.getByRole('button', { name: 'Try again' }).click();
      await eventually('the page has asked again', () => expect(unanswered).toBeGreaterThan(before));
      expect(await notice?.evaluate((element: { isConnected: boolean }) => element.isConnected)).toBe(true);
    } finally {
      await system.stack.services.auth.start();
    }
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await message(page, 'You are still signed in').waitFor({ state: 'detached' });
  });

  it('removes its message about a missing permission when it is given back, and sends no request that the person may not make', async () => {
    const page = await visit();
    await registerSomebody(page);
    const panel = await openPanel(page, 'Permissions');
    const change = async (scope: string, isOn: boolean) => {
      const may = panel.getByRole('switch', { name: scope });
      await panel.getByText(scope).click();
      await eventually('the switch has changed', async () => expect(await may.isChecked()).toBe(isOn));
      await eventually('the switch can be used again', async () => expect(await may.isEnabled()).toBe(true));
    };
    const told = message(page, 'You may not do this');
    const add = page.getByRole('button', { name: 'Add Teapot to the cart' });
    await change('cart:write', false);
    await add.click();
    await told.waitFor();
    // The message also goes when another part of the page opens.
    await openPanel(page, 'Thief');
    await told.waitFor({ state: 'detached' });
    await openPanel(page, 'Permissions');
    await add.click();
    await told.waitFor();
    await change('cart:write', true);
    await told.waitFor({ state: 'detached' });

    for (const scope of ['wishlist:read', 'cart:read', 'payment:read']) await change(scope, false);
    const context = page.context();
    const red: string[] = [];
    context.on(
      'response',
      (answer) => answer.status() >= 400 && red.push(`${answer.status()} ${answer.url()}`),
    );
    const other = await context.newPage();
    await other.goto(system.origin);
    await arrow(other, /^GET \/sessions from Page to Auth 200 let in/).waitFor();
    for (const name of ['Wishlist', 'Cart', 'Payments'] as const) {
      await openTab(other, name);
      const shown = other.getByRole('tabpanel', { name });
      await shown.getByText(/^Your account lacks the permission \w+:read/).waitFor();
    }
    expect(red).toEqual([]);
  });

  it('signs in with one tap behind the scenes on a phone, shows there the tapped request and each verdict, and stays there after a reload', async () => {
    const page = await visit(phone);
    await page.getByRole('button', { name: 'Behind the scenes' }).tap();
    await page.getByRole('button', { name: 'Sign in as mina' }).tap();
    await arrow(page, /^GET \/wishlist from Page to Wishlist 200/).tap();
    await expectInSight(inspector(page).getByRole('heading', { name: 'GET /wishlist' }));

    await page.getByText('Table', { exact: true }).tap();
    const table = page.getByRole('table', { name: 'Requests, the newest first' });
    await expectInSight(table.getByText('200').first());
    const room = page.getByRole('region', { name: 'Requests, the newest first' });
    expect(await room.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
    await openPanel(page, 'Keys');
    await page.getByRole('button', { name: 'Shop' }).tap();
    await openTab(page, 'Payments');
    await page.getByRole('button', { name: 'Behind the scenes' }).tap();
    await page.reload();
    await page.getByRole('tabpanel', { name: 'Keys' }).waitFor();
    await page.getByRole('button', { name: 'Shop' }).tap();
    await page.getByRole('tabpanel', { name: 'Payments' }).waitFor();

    await page.getByRole('button', { name: 'Behind the scenes' }).tap();
    const thief = await openPanel(page, 'Thief');
    await thief.getByRole('button', { name: 'Use it from another machine' }).tap();
    await thief.getByRole('button', { name: 'Now sign out' }).tap();
    await stopwatchIn(thief);
    const tables = page.locator('.demo-scroll');
    const hidden = (elements: { scrollWidth: number; clientWidth: number }[]) =>
      elements.map((element) => element.scrollWidth - element.clientWidth);
    expect(await tables.evaluateAll(hidden)).toEqual(Array(await tables.count()).fill(0));
  });
});
