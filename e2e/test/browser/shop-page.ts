import { randomUUID } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';

const password = 'walnut-harbour-lantern-39';

/** Registers a new person with the form, which also signs them in. */
export async function registerSomebody(page: Page): Promise<{ username: string; password: string }> {
  const username = `shopper-${randomUUID().slice(0, 13)}`;
  await page.getByRole('button', { name: 'New here? Register' }).click();
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Register', exact: true }).click();
  await page.getByText(`Hello, ${username}.`).waitFor();
  return { username, password };
}

/** Signs a person in with the form. */
export async function signIn(page: Page, credentials: { username: string; password: string }): Promise<void> {
  const { username } = credentials;
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(credentials.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText(`Hello, ${username}.`).waitFor();
}

/** Signs in a person of the demo with one press. */
export async function signInAs(page: Page, name: string): Promise<void> {
  await page.getByRole('list', { name: 'Sign in as' }).getByRole('button', { name }).click();
  await page.getByText(`Hello, ${name}.`).waitFor();
}

/** The access token of the next request that carries one, which `act` causes. */
export async function tokenSentBy(page: Page, act: () => Promise<unknown>): Promise<string> {
  const asking = page.waitForRequest((request) => request.headers()['authorization'] !== undefined);
  await act();
  // The scheme is Bearer, or DPoP for a token that is bound to a key.
  return (await (await asking).headerValue('authorization'))?.split(' ')[1] ?? '';
}

/** Goes to a part of the shop. */
export async function openTab(
  page: Page,
  name: 'Products' | 'Wishlist' | 'Cart' | 'Payments',
): Promise<void> {
  await page.getByRole('tab', { name }).click();
  await page.getByRole('tabpanel', { name }).waitFor();
}

export async function addToCart(page: Page, name: string): Promise<void> {
  await openTab(page, 'Products');
  await page.getByRole('button', { name: `Add ${name} to the cart` }).click();
  await message(page, `${name} is in your cart.`).waitFor();
}

/** Pays from any tab, with the sandbox card that has this outcome. */
export async function pay(page: Page, outcome = 'is charged'): Promise<void> {
  await openTab(page, 'Cart');
  await page.getByRole('button', { name: 'Check out' }).click();
  await page.getByRole('radio', { name: outcome }).first().check();
  await page.getByRole('button', { name: /^Pay / }).click();
}

/** The page's message about an action that succeeded or failed. */
export function message(page: Page, text: string | RegExp): Locator {
  return page
    .getByRole('region', { name: /Messages/ })
    .getByText(text)
    .first();
}

/** Presses Tab until something has the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((element) => element.matches(':focus'))) return;
  }
  throw new Error(`${target} is not reached by Tab`);
}
