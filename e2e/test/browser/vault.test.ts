import { send } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { signIn } from '../system.ts';
import { typePassword } from './application.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import type { HttpServer } from './http-server.ts';
import { startSessionPage } from './session-page.ts';

type State = { readonly status: string; readonly accessToken?: string; readonly isBound?: boolean };
type WithSession = {
  session: {
    state(): State;
    beginSignIn(options: object): Promise<void>;
    completeSignIn(): Promise<boolean>;
    restore(): Promise<State>;
    refresh(): Promise<State>;
    signOut(): Promise<void>;
    fetch(url: string): Promise<Response>;
  };
  records: { update(name: string, change: (record: unknown) => unknown): Promise<unknown> };
  localStorage: Record<string, string>;
  sessionStorage: Record<string, string>;
};
const scope = 'openid wishlist:read';

describeInBrowser('a page of another site, which keeps its tokens in a vault', () => {
  let system: BrowserSystem;
  let page: HttpServer;
  let clientId = '';
  it.beforeAll(async ({ sharedSystem }) => {
    system = sharedSystem;
    const { issuer, services } = system.stack;
    page = await startSessionPage(() => ({
      ...{ issuer, clientId, services: [], storage: 'vault' },
    }));
    const operator = await signIn(system.stack, 'admin');
    const { body } = await send(services.auth.url, {
      method: 'POST',
      path: '/clients',
      token: operator.access_token,
      json: {
        name: 'Partner shop',
        redirect_uris: [`${address()}/`],
        scopes: [...scope.split(' '), 'offline_access'],
        token_endpoint_auth_method: 'none',
      },
    });
    clientId = String(body['id']);
  });
  it.afterAll(() => page?.stop());

  /** By this name it is of another site than auth-service, which is at localhost. */
  const address = () => page.origin.replace('localhost', '127.0.0.1');
  const recordName = () => `latchkey session ${JSON.stringify([system.stack.issuer, clientId])} vault`;
  const userInfo = () => `${system.stack.issuer}/userinfo`;

  async function open(context: BrowserContext): Promise<Page> {
    const tab = await context.newPage();
    await tab.goto(`${address()}/`);
    await tab.waitForFunction(() => 'session' in globalThis);
    return tab;
  }

  /** Somebody who has not signed in here before. */
  async function signedIn(context: BrowserContext, username: string): Promise<Page> {
    const tab = await open(context);
    await tab.evaluate(
      (asked) => (globalThis as unknown as WithSession).session.beginSignIn({ scope: asked }),
      scope,
    );
    await tab.getByRole('heading', { name: 'Sign in to continue to Partner shop' }).waitFor();
    const person = system.stack.accounts.find((account) => account.username === username);
    await typePassword(tab, person ?? expect.fail(`the demo has no ${username}`));
    await tab.getByRole('button', { name: 'Allow', exact: true }).click();
    await tab.waitForURL(`${address()}/**`);
    await tab.waitForFunction(() => 'session' in globalThis);
    expect(await tab.evaluate(() => (globalThis as unknown as WithSession).session.completeSignIn())).toBe(
      true,
    );
    return tab;
  }

  const state = (tab: Page) => tab.evaluate(() => (globalThis as unknown as WithSession).session.state());
  const restore = (tab: Page) => tab.evaluate(() => (globalThis as unknown as WithSession).session.restore());
  const statusOf = (tab: Page, url: string) =>
    tab.evaluate(
      async (given) => (await (globalThis as unknown as WithSession).session.fetch(given)).status,
      url,
    );

  it('signs people in at auth-service, uses its token, survives a reload without a cookie, and refreshes', async () => {
    const { context, complaints } = await system.newPerson();
    const tab = await signedIn(context, 'mina');
    expect(await state(tab)).toMatchObject({ status: 'signed_in', isBound: true });
    expect(await statusOf(tab, userInfo())).toBe(200);
    const { accessToken } = await state(tab);
    await context.clearCookies();
    await tab.reload();
    await tab.waitForFunction(() => 'session' in globalThis);
    expect(await restore(tab)).toMatchObject({ status: 'signed_in', accessToken });
    await tab.evaluate(() => (globalThis as unknown as WithSession).session.refresh());
    expect((await state(tab)).accessToken).not.toBe(accessToken);
    expect(await statusOf(tab, userInfo())).toBe(200);
    expect(complaints).toEqual([]);
  });

  it('holds nothing that decrypts or authenticates in another browser; signing out wipes it, in all tabs', async () => {
    const { context } = await system.newPerson();
    const tab = await signedIn(context, 'viewer');
    const { accessToken = '' } = await state(tab);
    const stolen = await tab.evaluate(async (name) => {
      const { records, localStorage, sessionStorage } = globalThis as unknown as WithSession;
      const sealed = (await records.update(name, (record) => record)) as {
        key: Parameters<typeof crypto.subtle.exportKey>[1];
        sessionId: string;
        iv: Uint8Array;
        bytes: ArrayBuffer;
      };
      const isReadable = await crypto.subtle.exportKey('raw', sealed.key).then(
        () => true,
        () => false,
      );
      return {
        isReadable,
        sessionId: sealed.sessionId,
        iv: [...sealed.iv],
        bytes: [...new Uint8Array(sealed.bytes)],
        texts: JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
      };
    }, recordName());
    expect(stolen.isReadable).toBe(false);
    const text = Buffer.from(stolen.bytes).toString('latin1') + stolen.texts;
    expect(text).not.toContain(accessToken);
    expect(text).not.toContain('refreshToken');

    // All that a script can copy, with a key of the thief's own in the place of the one that it cannot read.
    const thief = await open((await system.newPerson()).context);
    await thief.evaluate(
      async ({ name, copied }) => {
        const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['decrypt']);
        const sealed = {
          ...copied,
          iv: new Uint8Array(copied.iv),
          bytes: new Uint8Array(copied.bytes).buffer,
        };
        await (globalThis as unknown as WithSession).records.update(name, () => ({ ...sealed, key }));
      },
      { name: recordName(), copied: stolen },
    );
    expect(
      await thief.evaluate(() => (globalThis as unknown as WithSession).session.refresh()),
    ).toMatchObject({
      status: 'signed_out',
    });
    for (const scheme of ['Bearer', 'DPoP']) {
      const { issuer } = system.stack;
      const headers = { authorization: `${scheme} ${accessToken}` };
      expect((await send(issuer, { path: '/userinfo', headers })).status).toBe(401);
    }

    const other = await open(context);
    expect(await restore(other)).toMatchObject({ status: 'signed_in' });
    await tab.evaluate(() => (globalThis as unknown as WithSession).session.signOut());
    await eventually('the other tab is signed out', async () =>
      expect(await state(other)).toMatchObject({ status: 'signed_out' }),
    );
    const left = await other.evaluate(
      (name) => (globalThis as unknown as WithSession).records.update(name, (record) => record),
      recordName(),
    );
    expect(left).toBeUndefined();
  });
});
