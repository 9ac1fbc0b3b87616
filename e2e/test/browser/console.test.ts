import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import { seriousFaultsInBothThemes } from './axe.ts';
import { arrow, inspector, lanes, openPanel, stopwatchIn } from './console-page.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import {
  addToCart,
  message,
  openTab,
  pay,
  registerSomebody,
  signInAs,
  tabTo,
  tokenSentBy,
} from './shop-page.ts';

describeInBrowser('the lanes and the inspector', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  async function visit(options: Parameters<BrowserSystem['newPerson']>[0] = {}) {
    const { openTab: open, complaints, strangers, context } = await system.newPerson(options);
    const page = await open();
    const isClean = () => expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
    return { page, context, isClean };
  }

  it('show requests right after a sign-in; can be used by keyboard, paused, cleared, filtered, and read as a table', async () => {
    const { page, isClean } = await visit({ reducedMotion: 'no-preference' });
    await signInAs(page, 'mina');
    for (const [path, lane] of [
      ['/wishlist', 'Wishlist'],
      ['/payments', 'Payment'],
      ['/sessions', 'Auth'],
    ])
      await arrow(page, new RegExp(`^GET ${path} from Page to ${lane} 200 let in`)).waitFor();
    await page.emulateMedia({ reducedMotion: 'reduce' });

    await page.getByRole('button', { name: 'Pause' }).click();
    const first = lanes(page).getByRole('option').first();
    const second = lanes(page).getByRole('option').nth(1);
    await first.click();
    await page.keyboard.press('ArrowDown');
    expect(await second.getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Tab');
    expect(await lanes(page).evaluate((list) => list.matches(':focus-within'))).toBe(false);
    await tabTo(page, inspector(page).locator('summary', { hasText: 'What decided' }));

    const count = await lanes(page).getByRole('option').count();
    await addToCart(page, 'Teapot');
    await openTab(page, 'Cart');
    expect(await lanes(page).getByRole('option').count()).toBe(count);
    await page.getByRole('radio', { name: 'Refused or failed' }).click();
    await eventually('no accepted request is shown', async () =>
      expect(
        await lanes(page)
          .getByRole('option', { name: /let in/ })
          .count(),
      ).toBe(0),
    );
    await page.getByRole('radio', { name: 'All', exact: true }).click();
    await page.getByRole('radio', { name: 'Table' }).click();
    const table = page.getByRole('table', { name: 'Requests, the newest first' });
    await table.getByRole('button', { name: 'GET /payments' }).first().click();
    await inspector(page).getByText('Every check passed.').waitFor();
    await page.getByRole('radio', { name: 'Lanes' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await arrow(page, /^POST \/cart\/items from Page to Cart \d+ let in/).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('No request yet.').waitFor();
    isClean();
  });

  it('show the parts of a token but never the token itself, not even in a request copied as curl', async () => {
    const { page, context } = await visit();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const token = await tokenSentBy(page, () => signInAs(page, 'mina'));
    await arrow(page, /^GET \/cart from Page to Cart \d+ let in/).click();
    const shown = inspector(page);
    await shown.getByText('Every check passed.').waitFor();
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    await shown.getByText(claims.sub, { exact: true }).waitFor();
    await shown.getByText(claims.scope, { exact: true }).waitFor();
    await shown.getByText('The person, as an opaque id. It names nobody.').waitFor();
    for (const absent of ['name', 'e-mail address', 'password', 'roles', 'refresh token'])
      await shown.getByRole('listitem').getByText(absent, { exact: true }).waitFor();
    await shown.getByRole('heading', { name: 'Headers' }).click();
    await shown.getByRole('heading', { name: 'As curl' }).click();
    await shown.getByText('-H "authorization: Bearer $TOKEN"').waitFor();
    expect(token.length).toBeGreaterThan(500);
    expect(await page.content()).not.toContain(token);

    await shown.getByRole('button', { name: 'Copy as curl' }).click();
    await page.getByText('Copied. It holds $TOKEN, not the token.').waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(copied).toMatch(
      /^curl -i "http:\/\/localhost:\d+\/cart" \\\n {2}-H "authorization: Bearer \$TOKEN"/,
    );
    // As over plain HTTP from another host.
    await page.evaluate('Object.defineProperty(navigator, "clipboard", { value: undefined })');
    await shown.getByRole('button', { name: 'Copy as curl' }).click();
    await page.getByText('The browser did not allow it. Select the text and copy it.').waitFor();

    await addToCart(page, 'Blue mug');
    for (const view of ['Lanes', 'Table']) {
      await page.getByRole('radio', { name: view }).click();
      expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    }
  });

  it('show a payment live with the hop of payment-service, show the requests that a panel causes at the demo’s server, and keep the focus when the focused element disappears', async () => {
    const { page, isClean } = await visit();
    await signInAs(page, 'mina');
    await addToCart(page, 'Blue mug');
    await pay(page);
    const own = arrow(page, /^POST \/payments from Page to Payment 201 let in/);
    await own.waitFor();
    const exchange = arrow(page, /^POST \/token from Payment to Auth 200 let in/);
    await exchange.waitFor();
    const claim = arrow(
      page,
      /^PUT \/cart\/checkouts\/.* from Payment to Cart 201 let in.*payment-service acts for you/,
    );
    await claim.click();
    await inspector(page).getByText('payment-service calls cart-service on behalf of the person.').waitFor();
    const told = inspector(page).getByRole('definition');
    expect(await told.allTextContents()).toEqual(
      expect.arrayContaining(['payment-service', 'cart:checkout', 'cart-service']),
    );

    await own.click();
    const timeline = inspector(page).getByRole('list', { name: 'Where the time went' });
    // The first call of payment-service may have been answered with a nonce.
    await timeline
      .getByText(/^cart-service, PUT .*:.*\sms, starting after/)
      .last()
      .waitFor();
    expect(
      await lanes(page)
        .getByRole('option', { name: / to (Cart|Auth) 40\d refused/ })
        .count(),
    ).toBe(0);

    const panel = await openPanel(page, 'Thief');
    await panel.getByRole('button', { name: 'Use it from another machine' }).click();
    for (const [path, lane] of [
      ['/wishlist', 'Wishlist'],
      ['/payments', 'Payment'],
      ['/cart', 'Cart'],
    ])
      await arrow(
        page,
        new RegExp(`^GET ${path} from Demo server to ${lane} 200 let in.*by the demo’s server`),
      ).click();
    await inspector(page).getByText('The demo’s server sent this, because a panel asked it to.').waitFor();
    await timeline.getByText(/^page, POST \/demo\/thefts\/access-token: /).waitFor();
    isClean();

    const devices = await openPanel(page, 'Devices');
    const sessions = devices.getByRole('region', { name: 'Your sessions' });
    await sessions.getByRole('button', { name: 'Rename' }).first().press('Enter');
    await sessions.getByRole('button', { name: 'Cancel' }).press('Enter');
    await eventually('the focus is in the list of sessions', async () =>
      expect(await sessions.evaluate((part) => part.matches(':focus'))).toBe(true),
    );
    await devices.getByRole('button', { name: 'Sign a phone in' }).click();
    const phones = devices.getByRole('region', { name: 'Phones: one at a time' });
    // Phones that an earlier test signed out are listed as well, without a button.
    const signOut = phones.getByRole('button', { name: 'Sign out: Phone' });
    await signOut.press('Enter');
    await signOut.waitFor({ state: 'detached' });
    await eventually('the focus is in the list of phones', async () =>
      expect(await phones.evaluate((part) => part.matches(':focus'))).toBe(true),
    );
  });

  it('tell a viewer which permission is missing, name the check that refused and the test that proves it, and say when a request is no longer kept', async () => {
    const { page, isClean } = await visit();
    await signInAs(page, 'viewer');
    const add = page.getByRole('button', { name: 'Add Teapot to the cart' });
    await add.click();
    const shown = inspector(page);
    await message(page, 'cart-service requires the permission cart:write').waitFor();
    await message(page, /^Request \S{8,}$/).click();
    await shown.getByRole('heading', { name: 'POST /cart/items' }).waitFor();
    expect(await shown.evaluate((element) => element.matches(':focus'))).toBe(true);
    await arrow(page, /^POST \/cart\/items from Page to Cart 403 refused/).click();
    await shown
      .getByText('The token is valid, but the person lacks the permission that this needs.')
      .waitFor();
    await shown.getByRole('link', { name: 'RFC 6750 §3.1' }).waitFor();
    await shown.getByText('npm test -- e2e/test/permission-matrix.test.ts').waitFor();
    const step = shown.getByRole('listitem').filter({ hasText: 'Does it allow this?' });
    expect(await step.textContent()).toContain('refused here');

    await add.click();
    const number = page.getByRole('button', { name: /^Request / }).first();
    await number.waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await number.click();
    await shown.getByText('is no longer kept').waitFor();
    await page.getByRole('status').getByText('is no longer kept').waitFor();
    await arrow(page, /^GET /).click();
    await shown.getByText('is no longer kept').waitFor({ state: 'detached' });
    isClean();
  });

  it('change one permission, and keep the changes that another tab has made meanwhile', async () => {
    const { page, context } = await visit();
    const { username } = await registerSomebody(page);
    const otherPage = await context.newPage();
    await otherPage.goto(system.origin);
    await otherPage.getByText(`Hello, ${username}.`).waitFor();
    const here = await openPanel(page, 'Permissions');
    const there = await openPanel(otherPage, 'Permissions');
    await there.getByText('wishlist:write').waitFor();
    for (const [panel, scope] of [
      [here, 'cart:write'],
      [there, 'wishlist:write'],
      [here, 'payment:write'],
    ] as const) {
      await panel.getByText(scope).click();
      await eventually('the switch is off', async () =>
        expect(await panel.getByRole('switch', { name: scope }).isChecked()).toBe(false),
      );
      await stopwatchIn(panel);
    }
    for (const scope of ['cart:write', 'wishlist:write', 'payment:write'])
      expect([scope, await here.getByRole('switch', { name: scope }).isChecked()]).toEqual([scope, false]);
  });

  it('speak Korean, and fit on a phone', async () => {
    const { page, isClean } = await visit({
      locale: 'ko-KR',
      viewport: { width: 360, height: 740 },
      hasTouch: true,
    });
    await page.getByRole('button', { name: /mina/ }).first().tap();
    await page.getByRole('navigation').getByRole('button').nth(1).tap();
    await page.getByRole('heading', { name: '토큰 하나, 서비스 넷' }).waitFor();
    await page.getByText('모든 검사를 통과했습니다.').waitFor();
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    isClean();
  });
});
