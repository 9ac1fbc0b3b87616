import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { ageSignIn } from '../old-sign-in.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { addToCart, message, openTab, pay, registerSomebody, signInAs, tokenSentBy } from './shop-page.ts';

describeInBrowser('the shop', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  /** Opens a new person's first tab. `isClean` checks that the browser had nothing to complain about. */
  async function visit() {
    const { openTab: open, complaints, strangers } = await system.newPerson();
    const page = await open();
    // Reading a wishlist completes unfinished moves. In these tests the person does that.
    await page.getByText('Keep reading in the background').click();
    const isClean = () => expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
    return { page, openAnother: open, isClean };
  }

  /** Makes the page's sign-in an hour old. */
  async function signedInAnHourAgo(page: Page): Promise<void> {
    const token = await tokenSentBy(page, () => page.reload());
    await ageSignIn(system.stack, token);
    // The reload gets a new token.
    await page.reload();
    await page.getByText('Hello, ').waitFor();
  }

  it('sells: register, wish, move to the cart, pay, and find the payment, which only support can refund', async () => {
    const { page, isClean } = await visit();
    await registerSomebody(page);
    await page.getByRole('button', { name: 'Wish for Teapot' }).click();
    await openTab(page, 'Wishlist');
    const note = page.getByLabel('Note for Teapot');
    await note.fill('for the winter');
    await note.press('Enter');
    await message(page, 'The note is saved.').waitFor();
    await page.getByRole('button', { name: 'Move Teapot to the cart' }).click();
    await message(page, 'Teapot is now in your cart.').waitFor();
    await page.getByText('Your wishlist is empty.').waitFor();

    await openTab(page, 'Cart');
    await page.getByRole('button', { name: 'One more' }).click();
    await page.getByText('€92.00').first().waitFor();
    await addToCart(page, 'Earl Grey');
    await openTab(page, 'Cart');
    await page.getByRole('button', { name: 'Take Earl Grey out of the cart' }).click();
    await message(page, 'Earl Grey is out of the cart.').waitFor();
    await pay(page);
    await page.getByText('Paid €92.00. Thank you.').waitFor();
    await page.getByText('The cart is empty.').waitFor();

    await openTab(page, 'Payments');
    const row = page.getByRole('listitem').filter({ hasText: 'Visa ending in 4242' });
    await row.getByText('paid', { exact: true }).waitFor();
    expect(await row.count()).toBe(1);
    isClean();

    const id = (await page.getByText(/^Payment [0-9a-f-]{36}$/).textContent())?.replace('Payment ', '');
    await page.getByRole('button', { name: 'Refund the payment of €92.00' }).click();
    await page.getByRole('button', { name: 'Give back' }).click();
    await page.getByText('payment-service requires the permission payment:refund').waitFor();

    const { page: support } = await visit();
    await signInAs(support, 'support');
    await openTab(support, 'Payments');
    await support.getByLabel('Payment number').fill(id ?? '');
    await support.getByRole('button', { name: 'Find', exact: true }).click();
    await support.getByRole('button', { name: 'Refund the payment of €92.00' }).click();
    await support.getByLabel('Amount to give back').fill('10');
    await support.getByRole('button', { name: 'Give back' }).click();
    await message(support, '€10.00 was given back.').waitFor();
    await support.getByText('partly refunded', { exact: true }).waitFor();
    await support.getByRole('button', { name: 'Refund the payment of €92.00' }).click();
    await support.getByText('€82.00 of €92.00 can be given back.').waitFor();
  });

  it('keeps the cart when a card is declined, says why, and asks with the same key while the card processor does not answer', async () => {
    const { page } = await visit();
    await registerSomebody(page);
    await addToCart(page, 'Blue mug');
    await pay(page, 'has no funds');
    await page.getByText('The card was declined: not enough money on it.').waitFor();
    expect(await page.getByLabel('How many of Blue mug').inputValue()).toBe('1');
    await openTab(page, 'Payments');
    await page.getByText('declined', { exact: true }).waitFor();

    const keys: (string | undefined)[] = [];
    page.on('request', (request) => {
      const isPayment = request.method() === 'POST' && request.url().endsWith('/payments');
      if (isPayment) keys.push(request.headers()['idempotency-key']);
    });
    await openTab(page, 'Cart');
    await page.getByRole('radio', { name: 'answers late, is charged' }).first().check();
    await page.getByRole('button', { name: /^Pay / }).click();
    await page.getByText('The card processor has not answered yet.').waitFor();
    await page.getByText('Paid €19.00. Thank you.').waitFor();
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys).size).toBe(1);
  });

  it('asks for the password before a large payment: a cancelled payment costs nothing, and a confirmed one has the same key', async () => {
    const { page, isClean } = await visit();
    let payments = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/payments')) payments += 1;
    });
    const { password } = await registerSomebody(page);
    await addToCart(page, 'Moon jar');
    await signedInAnHourAgo(page);
    await pay(page);
    const dialog = page.getByRole('dialog', { name: 'Is it you?' });
    await dialog.getByLabel('Password').fill(password);
    const cancelled = Promise.withResolvers<void>();
    await page.route('**/reauthentication', async (route) => {
      await cancelled.promise;
      await route.continue();
    });
    const checked = page.waitForResponse(
      (response) => response.url().endsWith('/reauthentication') && response.request().method() === 'POST',
    );
    await dialog.getByRole('button', { name: 'Confirm and pay' }).click();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    cancelled.resolve();
    expect((await checked).status()).toBe(200);
    await page.unroute('**/reauthentication');
    await openTab(page, 'Payments');
    // The payment that asked for the password is recorded, and has charged nothing.
    await page.getByText('No payments yet.').waitFor();
    expect(payments).toBe(1);

    const keys = new Set<string | undefined>();
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/payments'))
        keys.add(request.headers()['idempotency-key']);
    });
    await openTab(page, 'Products');
    await signedInAnHourAgo(page);
    await pay(page);
    await dialog.getByLabel('Password').fill('not-the-password-at-all');
    await dialog.getByRole('button', { name: 'Confirm and pay' }).click();
    await dialog.getByText('The user name or the password is wrong.').waitFor();
    await dialog.getByLabel('Password').fill(password);
    await dialog.getByRole('button', { name: 'Confirm and pay' }).click();
    await page.getByText('Paid €720.00. Thank you.').waitFor();
    expect(keys.size).toBe(1);
    isClean();
  });

  it('says which service is down, goes on with the others, and recovers, even for a person who comes back while auth-service is down', async () => {
    const { page, openAnother } = await visit();
    const { username } = await registerSomebody(page);
    await page.getByRole('button', { name: 'Wish for Teapot' }).click();
    await message(page, 'Teapot is on your wishlist.').waitFor();
    await system.stack.services.cart.stop();
    try {
      await page.getByRole('button', { name: 'Add Blue mug to the cart' }).click();
      await message(page, 'cart-service cannot be reached').waitFor();
      await openTab(page, 'Wishlist');
      await page.getByRole('button', { name: 'Move Teapot to the cart' }).click();
      await message(page, 'wishlist-service called it on your behalf').waitFor();
    } finally {
      await system.stack.services.cart.start();
    }
    // Another tab reads the list, and wishlist-service completes the move.
    const other = await openAnother();
    await openTab(other, 'Wishlist');
    await other.getByText('Your wishlist is empty.').waitFor();
    await page.getByRole('button', { name: 'Move Teapot to the cart' }).click();
    await message(page, 'Teapot is now in your cart.').waitFor();
    await openTab(page, 'Cart');
    await page.getByText('€46.00').first().waitFor();

    await Promise.all([page.close(), other.close()]);
    await system.stack.services.auth.stop();
    try {
      const back = await openAnother();
      await back.getByText('auth-service cannot be reached').first().waitFor();
      await back.getByRole('heading', { name: 'Teapot' }).waitFor();
      await system.stack.services.auth.start();
      await back.getByText(`Hello, ${username}.`).waitFor();
    } finally {
      await system.stack.services.auth.start();
    }
  });

  it('says why the person was signed out from elsewhere', async () => {
    const { openTab: open } = await system.newPerson();
    const page = await open();
    const { username, password } = await registerSomebody(page);
    const other = await visit();
    await other.page.getByLabel('User name').fill(username);
    await other.page.getByLabel('Password').fill(password);
    await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await other.page.getByText(`Hello, ${username}.`).waitFor();
    await other.page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await other.page.getByText('You signed out.').first().waitFor();
    // Whatever is asked next.
    await page.getByRole('button', { name: 'Wish for Teapot' }).click();
    await page.getByText('You were signed out').waitFor();
    await page.getByText('You signed out everywhere.').first().waitFor();
  });
});
