import type { Stack } from '@latchkey/dev-stack';
import { launchChromium } from '@latchkey/dev-stack/chromium';
import { patienceMs } from '@latchkey/testing';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { it as stackIt } from '../system.ts';

/** A browser of one person: its tabs share cookies, as in one profile. */
export type Person = {
  readonly context: BrowserContext;
  /** What the browser complained about: errors and warnings on the console, and uncaught exceptions. */
  readonly complaints: readonly string[];
  /** Addresses of requests to any host but the page's server and the services. */
  readonly strangers: readonly string[];
  /** One more tab, at the page. */
  openTab(path?: string): Promise<Page>;
};

export type BrowserSystem = {
  readonly stack: Stack;
  readonly browser: Browser;
  /** Where the page is. */
  readonly origin: string;
  newPerson(options?: BrowserContextOptions): Promise<Person>;
};

/**
 * Vitest's `it` with a browser and a stack, which all test files of a worker process share. A test that stops a part of
 * the stack, or changes what other tests see, must restore it.
 *
 * @example
 * it.beforeAll(({ sharedSystem }) => {
 *   system = sharedSystem;
 * });
 */
export const it = stackIt.extend(
  'sharedSystem',
  { scope: 'worker' },
  async ({ sharedStack: stack }, { onCleanup }): Promise<BrowserSystem> => {
    const browser = await launchChromium({ shortLived: true });
    onCleanup(() => browser.close());
    const origin = local(stack.storefront?.url ?? '');
    const parts = [...Object.values(stack.services), stack.exampleId];
    const ours = new Set([origin, ...parts.map((part) => local(part?.url ?? ''))]);
    return { stack, browser, origin, newPerson: (options) => newPerson(browser, { origin, ours, options }) };
  },
);

/** Chromium logs this for every answer of 400 and above. On a page about refusals those are no faults. */
const failedRequest = /^Failed to load resource: the server responded with a status of \d+/;

type PersonContext = {
  readonly origin: string;
  readonly ours: ReadonlySet<string>;
  readonly options: BrowserContextOptions | undefined;
};

async function newPerson(browser: Browser, { origin, ours, options }: PersonContext): Promise<Person> {
  // Reduces motion unless a test needs it: without a graphics card the processor draws each frame.
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(patienceMs);
  // An open page would go on sending requests after its test.
  onTestFinished(() => context.close());
  const complaints: string[] = [];
  const strangers: string[] = [];
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !failedRequest.test(message.text()))
      complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (/^https?:$/.test(url.protocol) && !ours.has(url.origin)) strangers.push(request.url());
  });
  return {
    context,
    complaints,
    strangers,
    async openTab(path = '/') {
      const page = await context.newPage();
      await page.goto(origin + path);
      return page;
    },
  };
}

/** As people and tokens call it. */
function local(url: string): string {
  return url.replace('127.0.0.1', 'localhost');
}
