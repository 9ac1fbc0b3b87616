import { eventually } from '@latchkey/testing';
import { describe, expect, test, vi } from 'vitest';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { pageAddress } from './fake-platform.ts';

const clean = 'http://localhost:3000/';

/** A tab that has left for auth-service's page, and `back`: the address at which it comes back as mina. */
async function leftTab(browser: Awaited<ReturnType<typeof openBrowser>>) {
  const tab = browser.openTab();
  await tab.session.beginSignIn();
  return { ...tab, back: browser.auth.comeBack(tab.platform.href, 'mina') };
}

test('a tab leaves for auth-service’s page, comes back, and is signed in, as are the others; it can renew and sign out', async () => {
  const browser = await openBrowser();
  const other = browser.openTab();
  await other.session.restore();
  const { session, platform, back } = await leftTab(browser);
  platform.href = back;
  expect(await session.completeSignIn()).toBe(true);
  expect(platform.href).toBe(clean);
  expect(signedIn({ session }).subject).toBe('mina');
  await eventually('the other tab has the same state', () =>
    expect(other.session.state()).toEqual(session.state()),
  );
  await session.refresh();
  await session.signOut();
  expect(session.state()).toEqual({ status: 'signed_out', reason: 'sign_out' });
});

test('what it asks for is in the address of auth-service’s page, with a new challenge and state each time', async () => {
  const browser = await openBrowser();
  const { session, platform } = browser.openTab();
  const ask = async () => {
    platform.href = pageAddress;
    await session.beginSignIn({
      loginHint: 'mina',
      uiLocales: 'ko en',
      maxAgeSeconds: 0,
      identityProvider: 'example',
      scope: 'cart:read',
    });
    expect(platform.href.startsWith(`${browser.auth.origin}/authorize?tenant=1&`)).toBe(true);
    return Object.fromEntries(new URL(platform.href).searchParams);
  };
  const [first, second] = [await ask(), await ask()];
  expect(first).toEqual({
    tenant: '1',
    response_type: 'code',
    client_id: 'storefront',
    redirect_uri: clean,
    state: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
    scope: 'cart:read',
    login_hint: 'mina',
    ui_locales: 'ko en',
    max_age: '0',
    identity_provider: 'example',
  });
  for (const name of ['state', 'code_challenge']) expect(first[name]).not.toBe(second[name]);
});

test('an address without an answer is left as it is', async () => {
  const { session, platform } = (await openBrowser()).openTab();
  for (const href of [pageAddress, `${clean}?code=tea`, `${clean}?state=new`]) {
    platform.href = href;
    expect(await session.completeSignIn()).toBe(false);
    expect(platform.href).toBe(href);
  }
});

describe('an answer is refused, and leaves the address and nobody signed in', () => {
  test.each([
    ['of which this tab knows nothing', 'another tab', 'sign_in_lost'],
    ['with another state', { state: 'other' }, 'sign_in_lost'],
    ['of another server (RFC 9207)', { iss: 'https://evil.example' }, 'sign_in_lost'],
    ['without the server’s name', { iss: undefined }, 'sign_in_lost'],
    ['that says that the person cancelled', { code: undefined, error: 'access_denied' }, 'access_denied'],
    ['with a code that is no good', { code: 'other' }, 'invalid_code'],
  ])('%s', async (_, how, code) => {
    const browser = await openBrowser();
    const left = await leftTab(browser);
    const { session, platform } = how === 'another tab' ? browser.openTab() : left;
    const url = new URL(left.back);
    if (typeof how === 'object')
      for (const [name, value] of Object.entries(how))
        value === undefined ? url.searchParams.delete(name) : url.searchParams.set(name, value);
    platform.href = url.href;
    await expect(session.completeSignIn()).rejects.toMatchObject({ name: 'SessionError', code });
    expect(platform.href).toBe(clean);
    expect(await session.restore()).toEqual({ status: 'signed_out', reason: null });
    const isRedeemed = browser.auth.asked.includes('POST /sessions/code');
    expect(isRedeemed).toBe(code === 'invalid_code');
  });
});

test('an answer counts once: it is not presented again by Back, a reload, or the same address', async () => {
  const browser = await openBrowser();
  const { session, platform, back } = await leftTab(browser);
  platform.href = back;
  await session.completeSignIn();
  expect(await session.completeSignIn()).toBe(false);
  platform.href = back;
  await expect(session.completeSignIn()).rejects.toMatchObject({ code: 'sign_in_lost' });
  expect(signedIn({ session }).subject).toBe('mina');
  expect(browser.auth.asked.filter((path) => path === 'POST /sessions/code')).toHaveLength(1);
});

test('a foreign answer does not disturb a sign-in that is under way', async () => {
  const { session, platform, back } = await leftTab(await openBrowser());
  platform.href = `${clean}?code=x&state=y`;
  await expect(session.completeSignIn()).rejects.toMatchObject({ code: 'sign_in_lost' });
  platform.href = back;
  expect(await session.completeSignIn()).toBe(true);
});

test('while auth-service is away, nobody leaves the page, and a code that could not be sent leaves the session as it was', async () => {
  const browser = await openBrowser();
  const { session, platform } = await signedInTab(browser);
  const before = session.state();
  browser.auth.fail('/.well-known/openid-configuration', undefined);
  await expect(session.beginSignIn()).rejects.toMatchObject({ code: 'unreachable' });
  browser.auth.fail('/.well-known/openid-configuration', {
    status: 200,
    body: { issuer: 'https://b.example' },
  });
  await expect(session.beginSignIn()).rejects.toMatchObject({ code: 'unexpected_answer' });
  expect(platform.href).toBe(pageAddress);

  await session.beginSignIn();
  platform.href = browser.auth.comeBack(platform.href, 'noah');
  browser.auth.fail('/sessions/code', undefined);
  await expect(session.completeSignIn()).rejects.toMatchObject({ code: 'unreachable' });
  expect(session.state()).toBe(before);
});

test('a page that stores nothing, or comes over plain http, does not begin what it could not complete', async () => {
  const browser = await openBrowser();
  const { session, platform } = browser.openTab({ without: ['tabStorage'] });
  await expect(session.beginSignIn()).rejects.toMatchObject({ code: 'storage_blocked' });
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
  try {
    await expect(browser.openTab().session.beginSignIn()).rejects.toMatchObject({ code: 'insecure_context' });
  } finally {
    vi.unstubAllGlobals();
  }
  expect(platform.href).toBe(pageAddress);
});
