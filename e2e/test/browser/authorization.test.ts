import { send } from '@latchkey/person';
import * as openid from 'openid-client';
import { expect, onTestFinished } from 'vitest';
import { askedScope, beginAtApplication, typePassword } from './application.ts';
import { seriousFaultsInBothThemes } from './axe.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { startHttpServer } from './http-server.ts';

describeInBrowser('an application of somebody else, with openid-client', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  it('signs somebody in with their consent, learns who they are, reads the wishlist and nothing else, and refreshes', async () => {
    const { context, complaints } = await system.newPerson();
    const { url, finish, configuration } = await beginAtApplication(system.stack);
    const page = await context.newPage();
    await page.goto(url.href);
    await page.getByRole('heading', { name: 'Sign in to continue to Gift ideas' }).waitFor();
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    const viewer = system.stack.accounts.find(({ username }) => username === 'viewer');
    await typePassword(page, viewer ?? expect.fail('the demo has no viewer'));
    await page.getByRole('heading', { name: 'Gift ideas asks for your permission' }).waitFor();
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    await page.getByText('see your wishlist').waitFor();
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    const tokens = await finish(page);

    const subject = tokens.claims()?.sub ?? '';
    expect(await openid.fetchUserInfo(configuration, tokens.access_token, subject)).toMatchObject({
      preferred_username: 'viewer',
    });
    const { auth, cart, wishlist } = system.stack.services;
    const asked = async (base: string, path: string) =>
      (await send(base, { path, token: tokens.access_token })).status;
    expect(await asked(wishlist.url, '/wishlist')).toBe(200);
    expect(await asked(cart.url, '/cart')).toBe(401);
    expect(await asked(auth.url, '/account')).toBe(401);
    const next = await openid.refreshTokenGrant(configuration, tokens.refresh_token ?? '');
    expect(next.scope).toBe(askedScope);
    expect(complaints).toEqual([]);
  });

  it('gets its answer by a form; in Korean for who reads Korean; and is told when somebody refuses', async () => {
    const { context, complaints } = await system.newPerson({ locale: 'ko-KR' });
    const page = await context.newPage();
    const { url, redirectUri } = await beginAtApplication(system.stack, { response_mode: 'form_post' });
    await page.goto(url.href);
    await page.getByRole('heading', { name: 'Gift ideas에 로그인' }).waitFor();
    const answered = page.waitForRequest((request) => request.url() === redirectUri);
    await page.getByRole('button', { name: '취소' }).click();
    const answer = await answered;
    expect(answer.method()).toBe('POST');
    expect(Object.fromEntries(new URLSearchParams(answer.postData() ?? ''))).toMatchObject({
      error: 'access_denied',
      iss: system.stack.issuer,
    });
    await page.getByText('You are back.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('may lead people on to another origin when they come back, however it gets its answer', async () => {
    const { stack, newPerson } = system;
    const elsewhere = await startHttpServer((_request, response) => void response.end('You are elsewhere.'));
    onTestFinished(elsewhere.stop);
    const { context, complaints } = await newPerson();
    const page = await context.newPage();
    for (const response_mode of ['query', 'form_post']) {
      const { url } = await beginAtApplication(stack, { response_mode }, `${elsewhere.origin}/`);
      await page.goto(url.href);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('You are elsewhere.').waitFor();
    }
    expect(complaints).toEqual([]);
  });
});
