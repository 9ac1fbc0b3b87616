import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startStack } from '@latchkey/dev-stack';
import { findChromium, launchChromium } from '@latchkey/dev-stack/chromium';
import type { Browser } from 'playwright-core';
import type { Benchmark, BenchmarkContext, Measurement } from './benchmark.ts';
import { createTemporaryDirectory } from './processes/temporary-directory.ts';

const plans = { full: { rounds: 15, warmUpRounds: 2 }, quick: { rounds: 5, warmUpRounds: 1 } };

/** (7) How long the page shows nothing to who has never been there, against a page of one word in the same browser. */
export const firstPaint: Benchmark = {
  name: 'first-paint',
  title: 'First paint of the page',
  seconds: { full: 40, quick: 25 },
  run,
};

async function run({ quick, progress, signal }: BenchmarkContext): Promise<Measurement> {
  if (findChromium() === undefined)
    return {
      figures: [],
      details: ['left out: there is no chromium here (Debian: apt-get install chromium)'],
    };
  const plan = quick ? plans.quick : plans.full;
  progress.step('starting the whole system');
  await using started = new AsyncDisposableStack();
  const directory = started.use(await createTemporaryDirectory());
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
    progress.step(round < 1 ? 'warming up' : `round ${round} of ${plan.rounds}`);
    const ms = {
      bare: await paintedAfter(browser, bare.url),
      page: await paintedAfter(browser, stack.storefront?.url ?? ''),
    };
    if (round < 1) continue;
    bareMs.push(ms.bare);
    pageMs.push(ms.page);
  }
  return {
    figures: [
      {
        name: 'first contentful paint of the page, with nothing in a cache',
        values: pageMs,
        unit: 'ms',
        bound: { medianAtMost: 1000 },
      },
      { name: '· of a page of one word', values: bareMs, unit: 'ms' },
    ],
    details: ['chromium without a window, and without a graphics card: both wait for it to draw'],
  };
}

/** As somebody who was never there: each visit has a profile of its own. */
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
