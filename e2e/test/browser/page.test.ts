import { expect, onTestFinished } from 'vitest';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { type HttpServer, startHttpServer } from './http-server.ts';
import { startShopAlone } from './shop-alone.ts';
import { addToCart, pay, registerSomebody } from './shop-page.ts';

describeInBrowser('the page', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  it('opens without an error in the browser, sends requests only to us, and runs only scripts that are files of ours', async () => {
    const { openTab, complaints, strangers } = await system.newPerson();
    const page = await openTab();
    await page.getByRole('heading').first().waitFor();
    await page.waitForLoadState('networkidle');
    expect(complaints).toEqual([]);
    expect(strangers).toEqual([]);
    // From here on the browser complains.
    await page
      .evaluate(() => {
        const { document } = globalThis as unknown as {
          document: Record<string, CallableFunction> & { body: { append(node: unknown): void } };
        };
        const script = document['createElement']?.('script');
        script.text = 'globalThis.ran = true';
        document.body.append(script);
      })
      .catch(() => {});
    expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false);
    expect(complaints.join()).toMatch(/Content Security Policy|TrustedScript/);
  });

  it('is only a shop outside demo mode', async () => {
    await using shop = await startShopAlone(system.stack, { SIGN_IN: 'password' });
    const { openTab: open, complaints, strangers, context } = await system.newPerson();
    const asked: string[] = [];
    const askedOfServices: string[] = [];
    const schemes = new Set<string | undefined>();
    context.on('request', (request) => {
      const url = new URL(request.url());
      asked.push(url.pathname);
      if (url.origin !== system.origin) askedOfServices.push(url.pathname);
      const { authorization } = request.headers();
      if (authorization !== undefined) schemes.add(authorization.split(' ')[0]);
    });
    const page = await open();
    await page.getByLabel('User name').waitFor();
    await page.waitForLoadState('networkidle');
    // The one thing that anybody may ask.
    expect(askedOfServices).toEqual(['/providers']);
    await registerSomebody(page);
    await addToCart(page, 'Blue mug');
    await pay(page);
    await page.getByText('Paid €19.00. Thank you.').waitFor();
    // Each token is bound to a key of this browser.
    expect([...schemes]).toEqual(['DPoP']);
    expect(await page.getByRole('region', { name: 'Inspector' }).count()).toBe(0);
    expect(asked.filter((path) => path.startsWith('/demo') || path.includes('console'))).toEqual([]);
    for (const path of ['/demo/spans', '/demo/people', '/demo/permissions'])
      expect((await fetch(system.origin + path, { method: 'POST' })).status).toBe(404);
    expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
    expect(shop.log()).not.toMatch(/"level":"?(error|warn|50|40)/);
  });

  it('sells also where the browser keeps no key, with tokens that are bound to none', async () => {
    await using _ = await startShopAlone(system.stack, { SIGN_IN: 'password' });
    const { openTab: open, complaints, context } = await system.newPerson();
    await context.addInitScript('Object.defineProperty(globalThis, "indexedDB", { value: undefined })');
    const page = await open();
    const asking = page.waitForRequest((request) => request.headers()['authorization'] !== undefined);
    await registerSomebody(page);
    expect((await asking).headers()['authorization']).toMatch(/^Bearer /);
    await page.reload();
    await page.getByText('Hello, ').waitFor();
    await addToCart(page, 'Blue mug');
    expect(complaints).toEqual([]);
  });

  it('sells also over plain HTTP from another host, where browsers lack what only secure contexts have, behind a proxy that writes its own Host', async () => {
    const { issuer, services } = system.stack;
    const elsewhere = (url: string) => url.replace(/localhost|127\.0\.0\.1/, 'shop.test');
    const proxy = await proxyTo(system.origin);
    onTestFinished(() => proxy.stop());
    const origin = elsewhere(proxy.origin);
    await using _services = await servicesFor(origin);
    await using _shop = await startShopAlone(system.stack, {
      SIGN_IN: 'password',
      STOREFRONT_ORIGIN: origin,
      ISSUER: elsewhere(issuer),
      AUTH_ORIGIN: elsewhere(services.auth.url),
      CART_ORIGIN: elsewhere(services.cart.url),
    });
    const { context } = await system.newPerson();
    const page = await context.newPage();
    await page.goto(origin);
    expect(await page.evaluate('isSecureContext')).toBe(false);
    await registerSomebody(page);
    await page.reload();
    await page.getByText('Hello, ').waitFor();
    await addToCart(page, 'Blue mug');
  });

  it('leads whoever opens it by another name to the one that the services allow', async () => {
    const { context, complaints } = await system.newPerson();
    const page = await context.newPage();
    await page.goto(`${system.origin.replace('localhost', '127.0.0.1')}/?a=b`);
    await page.waitForURL(`${system.origin}/?a=b`);
    await page.getByRole('heading').first().waitFor();
    expect(complaints).toEqual([]);
  });

  /** A proxy that asks for the page by the name of its server, as nginx does by default. */
  function proxyTo(origin: string): Promise<HttpServer> {
    return startHttpServer(async ({ url = '/' }, response) => {
      const answer = await fetch(origin + url);
      // What fetch has undone.
      const undone = ['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'keep-alive'];
      for (const [name, value] of answer.headers) if (!undone.includes(name)) response.setHeader(name, value);
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    });
  }

  /** Lets a page of this origin use auth-service and cart-service, until it is disposed of. */
  async function servicesFor(origin: string): Promise<AsyncDisposable> {
    const { auth, cart } = system.stack.services;
    const restart = async (allowed: string) => {
      for (const service of [auth, cart]) {
        await service.stop();
        service.configure({ CORS_ORIGINS: allowed });
        await service.start();
      }
    };
    await restart(origin);
    return { [Symbol.asyncDispose]: () => restart(system.origin) };
  }
});
