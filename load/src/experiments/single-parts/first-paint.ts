import { mkdtempDisposable } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@latchkey/dev-stack';
import { findChromium, launchChromium } from '@latchkey/dev-stack/chromium';
import type { Browser } from 'playwright-core';
import type { Context, SectionResult } from '../../section.ts';

const plans = { full: { rounds: 15, warmUpRounds: 2 }, quick: { rounds: 5, warmUpRounds: 1 } };

/**
 * Measures how long the page shows nothing to a first-time visitor, against a page of one word in the same browser. The
 * page belongs to a second system. The first system serves no page, so that nothing else is measured with it.
 */
export async function measureFirstPaint({ quick, tell, signal }: Context): Promise<SectionResult> {
  if (findChromium() === undefined) return resultOf([], [], 'Left out: there is no chromium here.');
  const plan = quick ? plans.quick : plans.full;
  tell('starting the whole system');
  await using started = new AsyncDisposableStack();
  const directory = started.use(await mkdtempDisposable(join(tmpdir(), 'latchkey-load-')));
  const stack = await startStack({
    directory: directory.path,
    ports: 'random',
    durable: false,
    storefront: true,
    signal,
  });
  started.defer(() => stack.stop());
  const bare = started.use(await servePageOfOneWord());
  const browser = await launchChromium();
  started.defer(() => browser.close());

  const pageMs: number[] = [];
  const bareMs: number[] = [];
  for (let round = 1 - plan.warmUpRounds; round <= plan.rounds; round += 1) {
    signal.throwIfAborted();
    tell(round < 1 ? 'warming up' : `round ${round} of ${plan.rounds}`);
    const ms = {
      bare: await paintedAfter(browser, bare.url),
      page: await paintedAfter(browser, stack.storefront?.url ?? ''),
    };
    if (round < 1) continue;
    bareMs.push(ms.bare);
    pageMs.push(ms.page);
  }
  return resultOf(
    pageMs,
    bareMs,
    'Chromium without a window, and without a graphics card: both wait for it to draw.',
  );
}

function resultOf(pageMs: readonly number[], bareMs: readonly number[], note: string): SectionResult {
  const measured = [
    { name: 'first contentful paint of the page', against: 'a page of one word', values: pageMs },
    { name: 'first contentful paint of a page of one word', values: bareMs },
  ];
  return {
    figures: measured.filter(({ values }) => values.length > 0).map((figure) => ({ ...figure, unit: 'ms' })),
    tables: [],
    plots: [],
    notes: [note],
    invalid: [],
  };
}

/** Opens the page as a first-time visitor: each visit has its own browser context. */
async function paintedAfter(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    return await page.evaluate<number>(`new Promise((resolve) =>
      new PerformanceObserver((list) => {
        const paint = list.getEntriesByName('first-contentful-paint')[0];
        if (paint) resolve(paint.startTime);
      }).observe({ type: 'paint', buffered: true }))`);
  } finally {
    await context.close();
  }
}

async function servePageOfOneWord() {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>One word</title><p>Hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
