import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import { seriousFaultsInBothThemes } from './axe.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { addToCart, openTab, registerSomebody, signInAs, tabTo } from './shop-page.ts';

/** Longer than a message is shown. */
const messagesGoAfterMs = 7_000;
const images = join(import.meta.dirname, '../../../docs/images');

describeInBrowser('the shop, for everybody', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  it('can be used with the keyboard alone: register and buy', async () => {
    const { openTab: open } = await system.newPerson();
    const page = await open();
    const button = (name: string | RegExp) => page.getByRole('button', { name });
    await button('New here? Register').waitFor();
    await tabTo(page, button('New here? Register'));
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.type('walnut-harbour-lantern-39');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.type(`keys-${Date.now()}`);
    await page.keyboard.press('Enter');
    await page.getByText(/^Hello, keys-/).waitFor();
    // The form is gone. The focus moves to the text that says who signed in.
    await eventually('the focus is where the page says who is signed in', async () =>
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Signed in'),
    );

    await tabTo(page, button('Add Blue mug to the cart'));
    await page.keyboard.press('Enter');
    await page.getByText('Blue mug is in your cart.').waitFor();
    await tabTo(page, page.getByRole('tab', { name: 'Products' }));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tabpanel', { name: 'Cart' }).waitFor();
    await tabTo(page, button('Check out'));
    await page.keyboard.press('Enter');
    await tabTo(page, button('Pay €19.00'));
    await page.keyboard.press('Enter');
    await page.getByText('Paid €19.00. Thank you.').waitFor();
    await page.getByText('The cart is empty.').waitFor();
    // The form is gone, and the focus is still in the cart.
    await eventually('the focus is in the cart', async () =>
      expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Cart'),
    );
  });

  it('speaks Korean if the browser prefers it, and remembers a change', async () => {
    const { openTab: open, complaints } = await system.newPerson({ locale: 'ko-KR' });
    const page = await open();
    await page.getByRole('heading', { name: '로그인', exact: true }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('ko');
    await page.getByRole('button', { name: /^mina 구매/ }).click();
    await page.getByText('mina 님, 안녕하세요.').waitFor();
    await page.getByRole('button', { name: '찻주전자 장바구니에 담기' }).click();
    await page.getByText('찻주전자 상품을 장바구니에 담았습니다.').waitFor();
    await page.getByLabel('언어').selectOption('English');
    await page.getByText('Hello, mina.').waitFor();
    await page.reload();
    await page.getByText('Hello, mina.').waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('en');
    expect(complaints).toEqual([]);
  });

  it('fits on a phone: nothing is cut off, and the console has a place of its own', async () => {
    const { openTab: open, context } = await system.newPerson({
      viewport: { width: 360, height: 740 },
      hasTouch: true,
    });
    await context.clock.install();
    const page = await open();
    const overflow = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    await registerSomebody(page);
    await addToCart(page, 'Paper lamp');
    for (const tab of ['Products', 'Wishlist', 'Cart', 'Payments'] as const) {
      await openTab(page, tab);
      expect([tab, await overflow()]).toEqual([tab, 0]);
    }
    await openTab(page, 'Cart');
    await page.getByRole('button', { name: 'Check out' }).click();
    expect(await overflow()).toBe(0);
    const console = page.getByRole('region', { name: 'Behind the scenes' });
    expect(await console.isVisible()).toBe(false);
    // Messages cover the button while they are shown.
    await context.clock.fastForward(messagesGoAfterMs);
    await page.getByRole('button', { name: 'Behind the scenes' }).click();
    expect(await console.isVisible()).toBe(true);
    expect(await overflow()).toBe(0);
  });

  it('has no serious fault that axe finds, light or dark, and follows the system’s theme until another is chosen, which it keeps', async () => {
    const { openTab: open } = await system.newPerson({ colorScheme: 'dark' });
    const page = await open();
    const expectNoFaults = async () =>
      expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    const dark = page.getByRole('switch', { name: 'Dark' });
    expect(await dark.isChecked()).toBe(true);
    await expectNoFaults();
    await registerSomebody(page);
    await page.getByRole('button', { name: 'Wish for Teapot' }).click();
    await addToCart(page, 'Oak chair');
    await expectNoFaults();
    await openTab(page, 'Wishlist');
    await expectNoFaults();
    await openTab(page, 'Cart');
    await page.getByRole('button', { name: 'Check out' }).click();
    await page.getByLabel('Card number').fill('1');
    await page.getByRole('button', { name: /^Pay / }).click();
    await page.getByText('12 to 19 digits.').waitFor();
    await expectNoFaults();

    // The system's theme was light in between.
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(await dark.isChecked()).toBe(true);
    const before = await background();
    await page.getByText('Dark', { exact: true }).click();
    expect(await dark.isChecked()).toBe(false);
    expect(await background()).not.toBe(before);
    await page.reload();
    await dark.waitFor();
    expect(await dark.isChecked()).toBe(false);
  });

  it('has its picture taken for the README: UPDATE_SCREENSHOTS=1 keeps it', async () => {
    const { openTab: open, context } = await system.newPerson({
      viewport: { width: 1280, height: 800 },
      colorScheme: 'light',
    });
    await context.clock.install();
    const page = await open();
    await signInAs(page, 'mina');
    await page.getByRole('button', { name: 'Wish for Moon jar' }).click();
    await addToCart(page, 'Blue mug');
    await context.clock.fastForward(messagesGoAfterMs);
    await page.getByRole('region', { name: /Messages/ }).waitFor({ state: 'hidden' });
    await page.evaluate('scrollTo(0, 0)');
    const picture = await page.screenshot();
    // The page contains lanes, inspector and panels, which is much text.
    expect(picture.length).toBeLessThan(200_000);
    if (process.env['UPDATE_SCREENSHOTS'] !== '1') return;
    mkdirSync(images, { recursive: true });
    writeFileSync(join(images, 'storefront.png'), picture);
  });
});
