import type { Stack, StackOptions } from '@latchkey/dev-stack';
import { launchChromium } from '@latchkey/dev-stack/chromium';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished, it as plainIt } from 'vitest';
import { startSystem } from '../system.ts';

/** A browser of one person: its tabs share cookies, as in one profile. */
export type Person = {
  readonly context: BrowserContext;
  /** What the browser complained about: errors and warnings on the console, and exceptions nobody caught. */
  readonly complaints: readonly string[];
  /** Addresses of requests that went to anybody else than the page's server and the services. */
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
  stop(): Promise<void>;
};

/**
 * As vitest's, with a system and a browser that all test files of a worker process share, one file after the other: a
 * start takes three seconds and six processes. Whoever stops something of it, or changes what others see, puts it back.
 *
 * @example
 * it.beforeAll(({ sharedSystem }) => {
 *   system = sharedSystem;
 * });
 */
// biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
export const it = plainIt.extend('sharedSystem', { scope: 'worker' }, async ({}, { onCleanup }) => {
  // Every service has the next key after some seconds, and not only after a minute and a half.
  const system = await startBrowserSystem({ auth: { JWKS_MAX_AGE_SECONDS: '5', KEY_SKEW_SECONDS: '5' } });
  onCleanup(() => system.stop());
  return system;
});

/** What chromium writes for every answer of 400 and above: for a page about refusals those are no faults. */
const failedRequest = /^Failed to load resource: the server responded with a status of \d+/;

/**
 * The whole system with its page, on free ports, and a chromium to open it with. `env` are settings
 * of single services.
 *
 * @example
 * const system = await startBrowserSystem();
 * const { openTab, complaints } = await system.newPerson({ locale: 'ko-KR' });
 * const page = await openTab();
 */
export async function startBrowserSystem(env: NonNullable<StackOptions['env']> = {}): Promise<BrowserSystem> {
  const system = await startSystem(env, { storefront: true });
  try {
    const { stack } = system;
    const browser = await launchChromium();
    const origin = local(stack.storefront?.url ?? '');
    const ours = new Set([origin, ...Object.values(stack.services).map(({ url }) => local(url))]);
    return {
      stack,
      browser,
      origin,
      newPerson: (options) => newPerson(browser, { origin, ours, options }),
      async stop() {
        await browser.close();
        await system.stop();
      },
    };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

type Surroundings = {
  readonly origin: string;
  readonly ours: ReadonlySet<string>;
  readonly options: BrowserContextOptions | undefined;
};

async function newPerson(browser: Browser, { origin, ours, options }: Surroundings): Promise<Person> {
  // Still, unless a test wants it moving: without a graphics card the processor draws each frame.
  const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce', ...options });
  // A page that nobody looks at any more would go on asking.
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
