import { randomUUID } from 'node:crypto';
import { ask, signIn } from '@latchkey/person';
import { patienceMs } from '@latchkey/testing';
import type { Browser, BrowserContext } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { framing } from './session-page.ts';
import { openSessionFrame, openSessionTab, type SessionTab } from './session-tab.ts';

const password = 'walnut-harbour-lantern-39';

export type SessionPerson = {
  readonly credentials: { readonly username: string; readonly password: string };
  /** Their browser. It is closed when the test has finished. */
  readonly context: BrowserContext;
  openTab(path?: string): Promise<SessionTab>;
  /** Opens the page in a frame of another site. */
  openFrame(): Promise<SessionTab>;
  /** Opens tabs in which they are signed in. */
  signedInTabs(count: number, path?: string): Promise<readonly SessionTab[]>;
  /** Signs them in in another browser. */
  signInElsewhere(): Promise<SessionTab>;
  /** Gets a token of theirs through another client, which leaves the browser's session alone. */
  otherToken(): Promise<string>;
};

export type PersonContext = { readonly authUrl: string; readonly page: string; readonly browser: Browser };

/** Registers a new person. */
export async function newSessionPerson({ authUrl, page, browser }: PersonContext): Promise<SessionPerson> {
  const username = `shopper-${randomUUID().slice(0, 13)}`;
  const credentials = { username, password };
  await ask(authUrl, { method: 'POST', path: '/accounts', json: credentials });
  const context = await newContext(browser);
  const openTab = (path = '/') => openSessionTab(context, page + path);

  return {
    credentials,
    context,
    openTab,
    openFrame: () => openSessionFrame(context, page.replace('localhost', '127.0.0.1') + framing),
    async signedInTabs(count, path) {
      const tabs = [await openTab(path)];
      await tabs[0]?.signIn(credentials);
      while (tabs.length < count) tabs.push(await openTab(path));
      return tabs;
    },
    async signInElsewhere() {
      const tab = await openSessionTab(await newContext(browser), page);
      await tab.signIn(credentials);
      return tab;
    },
    otherToken: async () => (await signIn(authUrl, credentials)).access_token,
  };
}

async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext();
  context.setDefaultTimeout(patienceMs);
  onTestFinished(() => context.close());
  return context;
}
