import { expect } from 'vitest';
import { ageSignIn } from '../old-sign-in.ts';
import { typePassword } from './application.ts';
import { seriousFaultsInBothThemes } from './axe.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { startShopAlone } from './shop-alone.ts';
import { addToCart, pay, registerSomebody, tokenSentBy } from './shop-page.ts';

describeInBrowser('signing in from the shop at auth-service’s page', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  it('lets somebody in, in all tabs, renews, survives Back and reload, and asks for the password again after signing out', async () => {
    await using _ = await startShopAlone(system.stack);
    const { openTab, complaints, strangers } = await system.newPerson();
    const page = await openTab();
    const credentials = await registerSomebody(page);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    const signIn = page.getByRole('button', { name: 'Sign in', exact: true });
    await signIn.waitFor();
    expect(await page.getByLabel('Password').count()).toBe(0);
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });

    await signIn.click();
    const heading = page.getByRole('heading', { name: 'Sign in to continue to Latchkey shop' });
    await heading.waitFor();
    await typePassword(page, credentials);
    const hello = `Hello, ${credentials.username}.`;
    await page.getByText(hello).waitFor();
    expect(page.url()).toBe(`${system.origin}/`);

    await page.goBack();
    await page.getByText('This page has expired').waitFor();
    await page.goForward();
    await page.getByText(hello).waitFor();
    // No other tab has the token: it comes with the cookie.
    const renewed = page.waitForResponse('**/sessions/refresh');
    await page.reload();
    expect((await renewed).status()).toBe(200);
    await page.getByText(hello).waitFor();

    const other = await openTab();
    await other.getByText(hello).waitFor();
    await other.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('You signed out elsewhere').waitFor();
    await signIn.click();
    await heading.waitFor();
    await page.getByLabel('Password').waitFor();
    expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
  });

  it('asks there for the password before a large payment, and the payment goes through afterwards', async () => {
    await using _ = await startShopAlone(system.stack);
    const { openTab } = await system.newPerson();
    const page = await openTab();
    const credentials = await registerSomebody(page);
    const token = await tokenSentBy(page, () => addToCart(page, 'Moon jar'));
    await ageSignIn(system.stack, token);
    // The reload gets a new token.
    await page.reload();
    await page.getByText(`Hello, ${credentials.username}.`).waitFor();
    await pay(page);
    const dialog = page.getByRole('dialog', { name: 'Is it you?' });
    const go = dialog.getByRole('button', { name: 'To the sign-in page' });
    const payButton = page.getByRole('button', { name: /^Pay / });
    await go.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await payButton.evaluate((element) => element.matches(':focus'))).toBe(true);
    await payButton.click();
    await go.waitFor();
    await page.mouse.click(5, 5);
    await dialog.waitFor({ state: 'hidden' });
    await payButton.click();
    await go.click();
    await page.getByRole('heading', { name: 'Sign in to continue to Latchkey shop' }).waitFor();
    expect(await page.getByLabel('User name').inputValue()).toBe(credentials.username);
    await typePassword(page, credentials);
    await page.getByText(`Hello, ${credentials.username}.`).waitFor();
    await pay(page);
    await page.getByText('Paid €720.00. Thank you.').waitFor();
  });

  it('says what went wrong: cancelled, an answer to nobody, auth-service away', async () => {
    await using _ = await startShopAlone(system.stack);
    const { openTab } = await system.newPerson({ locale: 'ko-KR' });
    const page = await openTab();
    const signIn = page.getByRole('button', { name: '로그인', exact: true });
    await signIn.click();
    await page.getByRole('heading', { name: 'Latchkey shop에 로그인' }).waitFor();
    await page.getByRole('button', { name: '취소' }).click();
    await page.getByText('로그인 페이지에서 취소하셨습니다.').waitFor();
    expect(page.url()).toBe(`${system.origin}/`);

    const answer = new URLSearchParams({ code: '0-x', state: 'y', iss: system.stack.issuer });
    const other = await openTab(`/?${answer}`);
    await other.getByText('이 탭에서 시작한 로그인이 아니거나').waitFor();
    expect(other.url()).toBe(`${system.origin}/`);

    await system.stack.services.auth.stop();
    try {
      await signIn.click();
      await page.getByText('auth-service에 연결할 수 없습니다').waitFor();
      expect(page.url()).toBe(`${system.origin}/`);
    } finally {
      await system.stack.services.auth.start();
    }
  });
});
