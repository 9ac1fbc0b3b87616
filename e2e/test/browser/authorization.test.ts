import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { send } from '@latchkey/person';
import * as openid from 'openid-client';
import type { Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { signIn } from '../system.ts';
import { seriousFaultsInBothThemes } from './axe.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';

describeInBrowser('an application of somebody else, with openid-client', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  /** Starts the application's own web server, and registers it. */
  async function startApplication() {
    const server = createServer((_request, response) => response.end('You are back.')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
    const { auth } = system.stack.services;
    const operator = await signIn(system.stack, 'admin');
    const { body } = await send(auth.url, {
      method: 'POST',
      path: '/clients',
      token: operator.access_token,
      json: {
        name: 'Gift ideas',
        redirect_uris: [redirectUri],
        scopes: ['openid', 'profile', 'offline_access', 'wishlist:read'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    });
    const { id, client_secret: secret } = body as { id: string; client_secret: string };
    const configuration = await openid.discovery(
      new URL(system.stack.issuer),
      id,
      undefined,
      openid.ClientSecretBasic(secret),
      { execute: [openid.allowInsecureRequests] },
    );
    return { redirectUri, configuration };
  }

  /** Begins as the application does. `finish` redeems the code of the page's address. */
  async function begin(more: Record<string, string> = {}) {
    const { redirectUri, configuration } = await startApplication();
    const verifier = openid.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid profile offline_access wishlist:read',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
      ...more,
    });
    const finish = async (page: Page) => {
      await page.waitForURL(`${redirectUri}**`);
      const checks = { pkceCodeVerifier: verifier, expectedState, expectedNonce, idTokenExpected: true };
      return openid.authorizationCodeGrant(configuration, new URL(page.url()), checks);
    };
    return { url, finish, configuration, redirectUri };
  }

  async function typePassword(page: Page, role: string): Promise<void> {
    const account = system.stack.accounts.find(({ roles }) => roles.length === 1 && roles[0] === role);
    await page.getByLabel('User name').fill(account?.username ?? '');
    await page.getByLabel('Password').fill(account?.password ?? '');
    await page.keyboard.press('Enter');
  }

  it('signs somebody in with their consent, learns who they are, reads the wishlist and nothing else, and refreshes', async () => {
    const { context, complaints } = await system.newPerson();
    const { url, finish, configuration } = await begin();
    const page = await context.newPage();
    await page.goto(url.href);
    await page.getByRole('heading', { name: 'Sign in to continue to Gift ideas' }).waitFor();
    expect(await seriousFaultsInBothThemes(page)).toEqual({ light: [], dark: [] });
    await typePassword(page, 'viewer');
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
    expect(next.scope).toBe('openid profile offline_access wishlist:read');
    expect(complaints).toEqual([]);
  });

  it('gets its answer by a form; in Korean for who reads Korean; and is told when somebody refuses', async () => {
    const { context, complaints } = await system.newPerson({ locale: 'ko-KR' });
    const page = await context.newPage();
    const { url, redirectUri } = await begin({ response_mode: 'form_post' });
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
});
