import { once } from 'node:events';
import { type IncomingMessage, request as send } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { seededPeople } from '@latchkey/example-id';
import { expect, onTestFinished } from 'vitest';
import { typePassword } from './application.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { startHttpServer } from './http-server.ts';

describeInBrowser('behind a proxy that adds Referrer-Policy: no-referrer', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  /** A browser's proxy, which adds the header after that of each answer. */
  async function startProxy(): Promise<string> {
    const { origin, stop } = await startHttpServer(async (request, response) => {
      const { url = '', method, headers } = request;
      const upstream = send(url, { method, headers });
      const [[answer]] = await Promise.all([
        once(upstream, 'response') as Promise<[IncomingMessage]>,
        pipeline(request, upstream),
      ]);
      const added = ['referrer-policy', 'no-referrer'];
      response.writeHead(answer.statusCode ?? 502, [...answer.rawHeaders, ...added]);
      await pipeline(answer, response);
    });
    onTestFinished(stop);
    return origin;
  }

  it('the forms of auth-service, of Example ID and of gift-ideas still say where they come from', async () => {
    const { issuer, giftIdeas } = system.stack;
    const { context } = await system.newPerson({ proxy: { server: await startProxy() } });
    const page = await context.newPage();
    const [{ username, password }] = seededPeople;
    const opened = await page.goto(`${giftIdeas?.url.replace('127.0.0.1', 'localhost')}/sign-in`);
    expect(await opened?.headerValue('referrer-policy')).toMatch(/no-referrer$/);
    await page.getByRole('link', { name: 'Continue with Example ID' }).click();
    await page.getByRole('heading', { name: 'Sign in to go on to Latchkey' }).waitFor();
    await typePassword(page, { username, password });
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.getByRole('button', { name: 'Sign out here' }).click();
    await page.getByRole('link', { name: 'Sign in with Latchkey' }).waitFor();
    await page.goto(`${issuer}/end-session`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
  });
});
