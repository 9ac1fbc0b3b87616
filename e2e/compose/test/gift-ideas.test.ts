import { ask, createBrowser, send, signIn } from '@latchkey/person';
import { describe, expect, it } from 'vitest';
import { container, credentialsOf, eventually, exec, giftIdeasUrl, storefrontUrl, urls } from '../system.ts';

/** Which of these addresses the container reaches. */
async function reachedWithin(service: string, addresses: readonly string[]): Promise<string[]> {
  const script = `
    const reaches = (url) => fetch(url, { signal: AbortSignal.timeout(5000) }).then(() => true, () => false);
    const addresses = ${JSON.stringify(addresses)};
    Promise.all(addresses.map(reaches)).then((reached) =>
      console.log(JSON.stringify(addresses.filter((_, index) => reached[index]))));`;
  return JSON.parse(await exec(await container(service), 'node', '--eval', script));
}

describe('gift-ideas', () => {
  it('signs somebody in, reads the wishlist, is refused at the cart, and is told when the consent is withdrawn', async () => {
    const { username, password } = credentialsOf('customer');
    const { access_token: token } = await signIn(urls.auth, { username, password });
    const wish = { sku: 'tea-pot' };
    await ask(urls.wishlist, { method: 'POST', path: '/wishlist/items', token, json: wish });

    const browser = createBrowser();
    // auth-service knows a new application within 5 s.
    const asked = await eventually('auth-service knows the application', async () => {
      const page = await browser.open(`${giftIdeasUrl}/sign-in`);
      expect([page.status, new URL(page.url).origin]).toEqual([200, urls.auth]);
      return page;
    });
    expect(asked.text).toContain('name="password"');
    await browser.submit({ action: 'sign_in', username, password });
    const ideas = await browser.submit({ action: 'allow' });
    expect(ideas.url).toBe(`${giftIdeasUrl}/`);
    expect(ideas.text).toContain(`Ideas for ${username}`);
    expect(ideas.text).toContain('tea pot');
    expect(ideas.text).toContain('the shop answered 401 invalid_token');

    const path = '/account/consents/gift-ideas';
    expect((await send(urls.auth, { method: 'DELETE', path, token })).status).toBe(204);
    await eventually('the application hears that the consent was withdrawn', async () => {
      expect((await browser.open(giftIdeasUrl)).text).toContain('you withdrew your permission');
    });
  });

  it('is shown by the page’s demo, whose server reaches it through the front', async () => {
    const { username, password } = credentialsOf('customer');
    const shared = await send(storefrontUrl, { method: 'POST', path: '/demo/sharing', json: { username } });
    expect([shared.status, shared.body]).toMatchObject([
      201,
      { scope: expect.stringContaining('wishlist:read'), verdicts: [{ status: 401 }, { status: 200 }] },
    ]);
    const { access_token: token } = await signIn(urls.auth, { username, password });
    const json = { username, access_token: token };
    const withdrawn = await send(storefrontUrl, { method: 'DELETE', path: '/demo/sharing', json });
    expect(withdrawn.body).toMatchObject({
      stopwatch: [{ elapsed_ms: null }, { after: { status: 401 }, elapsed_ms: expect.any(Number) }],
    });
  });

  it('reaches the published ports, as anybody does, and nothing behind them', async () => {
    const published = Object.values(urls).map((url) => url.replace('localhost', 'front'));
    const behind = ['http://auth-service:4000', 'http://wishlist-service:4002', 'http://storefront:3000'];
    const addresses = [...published, ...behind].map((origin) => `${origin}/live`);
    expect(await reachedWithin('gift-ideas', addresses)).toEqual(published.map((origin) => `${origin}/live`));
    // The same addresses answer those for whom they are meant.
    const inside = behind.map((origin) => `${origin}/live`);
    expect(await reachedWithin('storefront', inside)).toEqual(inside);
  });

  it('has one secret, which no setting contains', async () => {
    const { Mounts, Config } = await container('gift-ideas');
    expect(Mounts.map(({ Destination, RW }) => [Destination, RW])).toEqual([['/run/secrets', false]]);
    const found = await exec(await container('gift-ideas'), 'ls', '/run/secrets');
    expect(found.trim()).toBe('client-secret');
    expect(Config.Env.filter((setting) => /SECRET=/.test(setting))).toEqual([]);
  });
});
