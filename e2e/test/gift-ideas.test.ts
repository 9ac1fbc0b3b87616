import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Stack } from '@latchkey/dev-stack';
import { buildApp } from '@latchkey/gift-ideas/app';
import { ask, type Browser, createBrowser, send, signIn as signInAt } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { describe, expect, onTestFinished, vi } from 'vitest';
import { it, signIn } from './system.ts';

const password = 'walnut-harbour-lantern-39';
const refusedAtTheCart = 'the shop answered 401 invalid_token';

describe('gift-ideas, an application of somebody else', () => {
  let stack: Stack;
  it.beforeAll(({ sharedStack }) => {
    stack = sharedStack;
  });

  /** Starts the application, registered by an operator. `turn` turns its clock forward. */
  async function startGiftIdeas(
    changes: { clientSecret?: string } = {},
    registration: (url: string) => object = () => ({}),
  ) {
    const server = createServer().listen(0, 'localhost');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const publicUrl = `http://localhost:${port}`;
    const { auth, cart, wishlist } = stack.services;
    const operator = await signIn(stack, 'admin');
    const registered = await ask(auth.url, {
      method: 'POST',
      path: '/clients',
      token: operator.access_token,
      json: {
        name: 'Gift ideas',
        redirect_uris: [`${publicUrl}/callback`],
        scopes: ['openid', 'profile', 'offline_access', 'wishlist:read'],
        token_endpoint_auth_method: 'client_secret_basic',
        ...registration(publicUrl),
      },
    });
    const [id, secret] = [String(registered['id']), String(registered['client_secret'])];
    let turnedMs = 0;
    const app = await buildApp({
      settings: {
        port,
        host: 'localhost',
        publicUrl,
        issuer: stack.issuer,
        providerUrl: stack.issuer,
        clientId: id,
        clientSecret: secret,
        wishlistUrl: wishlist.url,
        cartUrl: cart.url,
        ...changes,
      },
      clock: () => Date.now() + turnedMs,
      logLevel: 'silent',
    });
    onTestFinished(() => app.close());
    await app.ready();
    const told: number[] = [];
    server.on('request', (request, response) => {
      if (request.url === '/backchannel-logout') response.on('finish', () => told.push(response.statusCode));
    });
    server.on('request', app.routing);
    return {
      url: publicUrl,
      id,
      /** How it answered logout tokens. */
      told,
      turn: (seconds: number) => (turnedMs += seconds * 1000),
      faults: vi.spyOn(app.log, 'error'),
      /** Removes its registration, as an operator. */
      unregister: () =>
        send(auth.url, { method: 'DELETE', path: `/clients/${id}`, token: operator.access_token }),
    };
  }

  /** Somebody with an account and one wish. */
  async function newPerson() {
    const { auth, wishlist } = stack.services;
    const account = { username: `gifts-${randomUUID().slice(0, 13)}`, password };
    await ask(auth.url, { method: 'POST', path: '/accounts', json: account });
    const { access_token: token } = await signInAt(auth.url, account);
    await ask(wishlist.url, {
      method: 'POST',
      path: '/wishlist/items',
      token,
      json: { sku: 'tea-pot', note: 'for <the> winter' },
    });
    return {
      ...account,
      withdraw: async (clientId: string) => {
        const path = `/account/consents/${clientId}`;
        expect((await send(auth.url, { method: 'DELETE', path, token })).status).toBe(204);
      },
      applications: async () => {
        const { sessions } = (await ask(auth.url, { path: '/sessions', token })) as {
          sessions: { client_id: string }[];
        };
        return sessions.map(({ client_id: client }) => client).filter((client) => client.startsWith('app-'));
      },
    };
  }

  type Person = Awaited<ReturnType<typeof newPerson>>;

  /** Goes through the pages of both, up to the page that the application then shows. */
  async function signInWith(browser: Browser, { url }: { url: string }, { username }: Person) {
    await browser.open(`${url}/sign-in`);
    await browser.submit({ action: 'sign_in', username, password });
    return browser.submit({ action: 'allow' });
  }

  it('signs somebody in, reads the wishlist, is refused at the cart, and says when the consent was withdrawn', async () => {
    const [gifts, person, browser] = [await startGiftIdeas(), await newPerson(), createBrowser()];
    expect((await browser.open(gifts.url)).text).toContain('Sign in with Latchkey');
    const { url, text } = await signInWith(browser, gifts, person);
    expect(url).toBe(`${gifts.url}/`);
    expect(text).toContain(`Ideas for ${person.username}`);
    expect(text).toMatch(/<li>tea pot, .*\(for &lt;the&gt; winter\)/);
    expect(text).toContain(refusedAtTheCart);
    expect(await person.applications()).toEqual([gifts.id]);

    await person.withdraw(gifts.id);
    const ended = await eventually('the application hears that the consent was withdrawn', async () => {
      const page = await browser.open(gifts.url);
      expect(page.text).toContain('you withdrew your permission');
      return page;
    });
    expect(ended.text).not.toContain('tea pot');
    expect((await browser.open(gifts.url)).text).not.toContain('you withdrew your permission');
  });

  it('is told when the session has ended elsewhere, and by nobody else', async () => {
    const toldAt = (url: string) => ({ backchannel_logout_uri: `${url}/backchannel-logout` });
    const [gifts, person, browser] = [await startGiftIdeas({}, toldAt), await newPerson(), createBrowser()];
    await signInWith(browser, gifts, person);
    const body = new URLSearchParams({ logout_token: 'x.y.z' });
    expect((await fetch(`${gifts.url}/backchannel-logout`, { method: 'POST', body })).status).toBe(400);
    expect((await browser.open(gifts.url)).text).toContain('tea pot');
    await person.withdraw(gifts.id);
    await eventually('it is told', () => expect(gifts.told).toEqual([400, 200]));
    // It has forgotten the person. It would know the reason if the shop had refused it.
    const { text } = await browser.open(gifts.url);
    expect(text).toContain('Sign in with Latchkey');
    expect(text).not.toContain('you withdrew your permission');
  });

  it('refreshes an access token that has expired, and learns from a refusal why its session ended', async () => {
    const [gifts, person, browser] = [await startGiftIdeas(), await newPerson(), createBrowser()];
    await signInWith(browser, gifts, person);
    for (let time = 0; time < 2; time += 1) {
      gifts.turn(300);
      const pages = await Promise.all([1, 2, 3].map(() => browser.open(gifts.url)));
      for (const { text } of pages) expect(text).toContain('tea pot');
    }
    await person.withdraw(gifts.id);
    gifts.turn(300);
    expect((await browser.open(gifts.url)).text).toContain('you withdrew your permission');
  });

  it('signs out here, and ends the session at Latchkey; but not for a form of another page', async () => {
    const [gifts, person, browser] = [await startGiftIdeas(), await newPerson(), createBrowser()];
    await signInWith(browser, gifts, person);
    expect((await browser.submit({}, 'https://elsewhere.example')).status).toBe(403);
    expect((await browser.open(gifts.url)).text).toContain('tea pot');
    expect((await browser.submit({})).text).toContain('Sign in with Latchkey');
    expect(await person.applications()).toEqual([]);
  });

  it('is told when somebody does not allow it; and takes no answer of another sign-in', async () => {
    const [gifts, person, browser] = [
      await startGiftIdeas(),
      await newPerson(),
      createBrowser({ language: 'ko-KR' }),
    ];
    await browser.open(`${gifts.url}/sign-in`);
    await browser.submit({ action: 'sign_in', username: person.username, password });
    const denied = await browser.submit({ action: 'deny' });
    expect([denied.status, denied.text]).toEqual([403, expect.stringContaining('허용하지 않으셨으므로')]);
    await browser.open(`${gifts.url}/sign-in`);
    const forged = await browser.open(`${gifts.url}/callback?code=c&state=s&iss=${stack.issuer}`);
    expect([forged.status, forged.text]).toEqual([400, expect.stringContaining('로그인에 실패했습니다')]);
  });

  it('says that its secret is wrong, or that it is no longer registered, and not that Latchkey is away', async () => {
    const person = await newPerson();
    const wrong = await startGiftIdeas({ clientSecret: 'a'.repeat(43) });
    const { status, text } = await signInWith(createBrowser(), wrong, person);
    expect([status, text]).toEqual([500, expect.stringContaining('does not accept this application')]);

    const [removed, browser] = [await startGiftIdeas(), createBrowser()];
    await signInWith(browser, removed, person);
    await removed.unregister();
    removed.turn(300);
    const { text: said } = await browser.open(removed.url);
    expect(said).toContain('does not accept this application');
    for (const { faults } of [wrong, removed])
      expect(faults).toHaveBeenCalledWith(expect.stringContaining('CLIENT_ID and CLIENT_SECRET'));
  });
});
