import { eventually } from '@latchkey/testing';
import type { BrowserContext, Page, Request } from 'playwright-core';
import { expect } from 'vitest';
import { lanes } from './console-page.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { registerSomebody, signIn } from './shop-page.ts';

type Seen = {
  /** What the browser logged on the console, and uncaught exceptions. */
  readonly said: string[];
  /** Requests without an answer, and answers with status 400 or above. */
  readonly red: string[];
  /** Paths that the page requested from auth-service and the other services. */
  readonly asked: string[];
};

describeInBrowser('a page that is opened', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  const nothing: Seen = { said: [], red: [], asked: [] };

  /** Records everything that a browser reports from now on. */
  function watch(context: BrowserContext): Seen {
    const seen: Seen = { said: [], red: [], asked: [] };
    context.on('console', (message) => seen.said.push(`${message.type()}: ${message.text()}`));
    context.on('weberror', (error) => seen.said.push(String(error.error())));
    // Requests of a page that is left fail as well. They do not count.
    const begun = new Set<Request>();
    context.on('requestfailed', (request) => {
      // The page's stream of spans ends with the page.
      if (begun.has(request) && !request.url().includes('/demo/spans'))
        seen.red.push(`${request.method()} ${request.url()}`);
    });
    context.on('response', (response) => {
      if (response.status() >= 400) seen.red.push(`${response.status()} ${new URL(response.url()).pathname}`);
    });
    context.on('request', (request) => {
      begun.add(request);
      const url = new URL(request.url());
      // Says nothing about anybody, and the browser keeps the answer for a minute.
      const isPublic = url.pathname === '/providers' && request.headers()['authorization'] === undefined;
      if (url.origin !== system.origin && !isPublic) seen.asked.push(`${request.method()} ${url.pathname}`);
    });
    return seen;
  }

  /** Opens the page. Waits until it is fully drawn and no request but the stream of spans is open. */
  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    const underway = new Set<string>();
    page.on('request', (request) => request.url().includes('/demo/spans') || underway.add(request.url()));
    page.on('requestfinished', (request) => underway.delete(request.url()));
    page.on('requestfailed', (request) => underway.delete(request.url()));
    await page.goto(system.origin);
    await page.getByRole('heading', { name: 'One token, four services' }).waitFor();
    await page.getByRole('heading', { name: /^Sign(ed)? in$/ }).waitFor();
    await page.getByText('Checking whether you are signed in').waitFor({ state: 'detached' });
    await eventually('no request is under way', () => expect([...underway]).toEqual([]));
    return page;
  }

  /** Advances a browser's clock by some seconds, so that every periodic task runs. */
  async function passSomeTime(page: Page): Promise<void> {
    for (let seconds = 0; seconds < 30; seconds += 3) await page.clock.runFor(3_000);
    await page.waitForLoadState('load');
  }

  it('by a first visitor sends a service no request but which providers there are, and causes no error in the browser', async () => {
    const { context } = await system.newPerson();
    await context.clock.install();
    const seen = watch(context);
    const page = await open(context);
    await page.getByText('No session yet. Pick mina to start.').waitFor();
    await passSomeTime(page);
    expect(seen).toEqual(nothing);
    expect(await lanes(page).locator('[data-trace]').count()).toBe(0);
    for (const tab of ['Wishlist', 'Cart', 'Payments', 'Permissions', 'Devices', 'Thief', 'Keys', 'Failures'])
      await page.getByRole('tab', { name: tab }).click();
    await passSomeTime(page);
    expect(seen).toEqual(nothing);
  });

  it('by a person who has signed out sends none either, in any tab; another browser says so once', async () => {
    const { context } = await system.newPerson();
    const first = await open(context);
    const credentials = await registerSomebody(first);
    await first.close();
    const elsewhere = await system.newPerson();
    const other = await open(elsewhere.context);
    await signIn(other, credentials);
    await other.reload();
    await other.getByRole('button', { name: 'Sign out everywhere' }).click();
    await other.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    const after = watch(elsewhere.context);
    await other.reload();
    await open(elsewhere.context);
    expect(after).toEqual(nothing);

    const seen = watch(context);
    const back = await open(context);
    await back.getByText('You signed out everywhere.').waitFor();
    expect(seen.red).toEqual(['401 /sessions/refresh']);
    expect(seen.asked).toEqual(['POST /sessions/refresh']);
    const later = watch(context);
    await back.reload();
    await open(context);
    expect(later).toEqual(nothing);
  });

  it('finds all files that browsers and crawlers request by themselves', async () => {
    for (const path of ['/favicon.ico', '/robots.txt', '/icon.svg']) {
      const answer = await fetch(system.origin + path);
      expect([path, answer.status]).toEqual([path, 200]);
    }
  });
});
