import { eventually } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { invalidToken, testPassword } from './auth-server.ts';
import { openBrowser, signedIn, signedInTab } from './browser.ts';
import { problem } from './http-server.ts';
import { nonceOf, provenKey, shownBy } from './shown-token.ts';

const cartOf = (browser: Awaited<ReturnType<typeof openBrowser>>) => `${browser.cart.origin}/cart?page=2#top`;

/** The keys that the origin keeps. */
function keptBy({ records }: Awaited<ReturnType<typeof openBrowser>>) {
  return [...records.values()].flat() as (CryptoKeyPair & { thumbprint: string })[];
}

describe('a session', () => {
  test('has a key of its own, whose private part no script can see, and shows it with each request', async () => {
    const browser = await openBrowser();
    const { session } = await signedInTab(browser);
    expect(session.state()).toMatchObject({ isBound: true });
    const [key] = keptBy(browser);
    expect(key?.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('jwk', key?.privateKey as CryptoKey)).rejects.toThrow();

    expect((await session.fetch(cartOf(browser), { method: 'post' })).status).toBe(200);
    await session.fetch(cartOf(browser));
    const keys = browser.cart.asked.map((asked) => shownBy(asked)?.key);
    expect(keys).toEqual([key?.thumbprint, key?.thumbprint]);
    const proofs = browser.cart.asked.map(({ headers }) => headers['dpop']);
    expect(new Set(proofs).size).toBe(2);
  });

  test('is refreshed, also by a page that loads anew, and authenticated again with the same key', async () => {
    const browser = await openBrowser();
    const { session } = await signedInTab(browser);
    session.close();
    const page = browser.openTab();
    await page.session.restore();
    expect(page.session.state()).toMatchObject({ status: 'signed_in', isBound: true });
    await page.session.refresh();
    await page.session.reauthenticate(testPassword);
    expect((await page.session.fetch(cartOf(browser))).status).toBe(200);
    expect(keptBy(browser)).toHaveLength(1);
  });

  test('is used by all tabs with the same key, and by none of another client', async () => {
    const browser = await openBrowser();
    await signedInTab(browser);
    const tab = browser.openTab();
    await tab.session.restore();
    expect((await tab.session.fetch(cartOf(browser))).status).toBe(200);
    const other = browser.openTab({ clientId: 'admin' });
    await other.session.signIn({ username: 'jo', password: testPassword });
    expect(keptBy(browser)).toHaveLength(2);
    expect((await tab.session.fetch(cartOf(browser))).status).toBe(200);
  });

  test('takes its key with it when it ends', async () => {
    for (const end of ['sign_out', 'elsewhere'] as const) {
      const browser = await openBrowser();
      const { session } = await signedInTab(browser);
      if (end === 'sign_out') await session.signOut();
      else {
        browser.auth.end('mina', 'displaced');
        await session.refresh();
      }
      expect(session.state()).toMatchObject({ status: 'signed_out' });
      expect(browser.records.size).toBe(0);
    }
  });

  test('that follows another has a new key; that of the old one signs a proof that it may be replaced', async () => {
    const browser = await openBrowser();
    const { session } = await signedInTab(browser);
    const [before] = keptBy(browser);
    await session.signIn({ username: 'jo', password: testPassword });
    const [now, ...more] = keptBy(browser);
    expect(more).toEqual([]);
    expect(now?.thumbprint).not.toBe(before?.thumbprint);
    const [, signIn] = browser.auth.bodies('/sessions') as { replaced_key_proof: string }[];
    const replaced = provenKey({
      method: 'POST',
      path: '/sessions',
      headers: { dpop: signIn?.replaced_key_proof, host: new URL(browser.auth.origin).host },
      text: '',
    });
    expect(replaced).toBe(before?.thumbprint);
  });
});

describe('a sign-in', () => {
  test('that is refused leaves the session and its key as they were', async () => {
    const browser = await openBrowser();
    const tab = await signedInTab(browser);
    const [key] = keptBy(browser);
    await expect(tab.session.signIn({ username: 'mina', password: 'wrong' })).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    expect(keptBy(browser).map(({ thumbprint }) => thumbprint)).toEqual([key?.thumbprint]);
    await tab.session.refresh();
    expect(signedIn(tab).subject).toBe('mina');
  });

  test.each([
    ['no answer', undefined],
    ['a proxy’s answer', problem(502, 'bad_gateway')],
  ])('with %s may have begun a session: whichever it is, its key is there', async (_, fault) => {
    for (const hasBegun of [true, false]) {
      const browser = await openBrowser();
      const tab = await signedInTab(browser);
      if (hasBegun) browser.auth.loseAnswer('/sessions');
      else browser.auth.fail('/sessions', fault);
      await expect(tab.session.signIn({ username: 'jo', password: testPassword })).rejects.toThrow();
      expect(keptBy(browser)).toHaveLength(2);
      tab.session.close();
      const page = browser.openTab();
      await page.session.restore();
      expect(signedIn(page).subject).toBe(hasBegun ? 'jo' : 'mina');
      expect(keptBy(browser)).toHaveLength(1);
    }
  });
});

describe('a server that wants a nonce', () => {
  test('gets it at once the second time, and is remembered; each origin has its own', async () => {
    const browser = await openBrowser();
    browser.auth.askForNonce('of-auth');
    browser.answer = (asked) => {
      const shown = shownBy(asked);
      if (shown === undefined || nonceOf(asked, shown.token) !== 'of-cart')
        return problem(401, 'use_dpop_nonce', { headers: { 'dpop-nonce': 'of-cart' } });
      return undefined;
    };
    const { session } = await signedInTab(browser);
    expect(browser.auth.asked).toEqual(['POST /sessions', 'POST /sessions']);
    const body = JSON.stringify({ id: 'mug' });
    expect((await session.fetch(cartOf(browser), { method: 'POST', body })).status).toBe(200);
    expect((await session.fetch(cartOf(browser))).status).toBe(200);
    expect(browser.cart.asked.map(({ text }) => text)).toEqual([body, body, '']);
    await session.refresh();
    expect(browser.auth.refreshes()).toBe(1);
  });

  test('and never takes one is asked twice, and its answer is returned', async () => {
    const browser = await openBrowser();
    browser.answer = () => problem(401, 'use_dpop_nonce', { headers: { 'dpop-nonce': 'another' } });
    const { session } = await signedInTab(browser);
    const answer = await session.fetch(cartOf(browser));
    expect([answer.status, (await answer.json()).code]).toEqual([401, 'use_dpop_nonce']);
    expect(browser.cart.asked).toHaveLength(2);
    const stream = new Blob(['x']).stream();
    await session.fetch(cartOf(browser), { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
    expect(browser.cart.asked).toHaveLength(3);
  });
});

describe('where the browser can keep no key', () => {
  test('nobody is signed in, and the error says why', async () => {
    const browser = await openBrowser();
    const insecure = browser.openTab({ without: ['records'] });
    const credentials = { username: 'mina', password: testPassword };
    await expect(insecure.session.signIn(credentials)).rejects.toMatchObject({ code: 'insecure_context' });
    const update = () => Promise.reject(new DOMException('no', 'InvalidStateError'));
    const blocked = browser.openTab({ records: { update } });
    await expect(blocked.session.signIn(credentials)).rejects.toMatchObject({ code: 'storage_blocked' });
    expect(browser.auth.asked).toEqual([]);
  });

  test.each(['none', 'where_possible'] as const)(
    'the cookie alone is enough with the binding %s',
    async (binding) => {
      const update = () => Promise.reject(new DOMException('no', 'InvalidStateError'));
      for (const options of [{ without: ['records' as const] }, { records: { update } }]) {
        const browser = await openBrowser();
        const tab = await signedInTab(browser, { binding, ...options });
        expect(tab.session.state()).toMatchObject({ isBound: false });
        expect((await tab.session.fetch(cartOf(browser))).status).toBe(200);
        await tab.session.refresh();
        expect(browser.cart.asked[0]?.headers['dpop']).toBeUndefined();
      }
    },
  );

  test('for a while, a bound session is not lost', async () => {
    const browser = await openBrowser();
    const first = await signedInTab(browser);
    first.session.close();
    const update = () => Promise.reject(new DOMException('no', 'UnknownError'));
    const tab = browser.openTab({ binding: 'where_possible', records: { update } });
    await expect(tab.session.restore()).rejects.toMatchObject({ code: 'storage_blocked' });
    tab.session.close();
    const later = browser.openTab({ binding: 'where_possible' });
    await later.session.restore();
    expect(signedIn(later).subject).toBe('mina');
  });

  test('any more, the session ends for this browser, and says why', async () => {
    const browser = await openBrowser();
    const first = await signedInTab(browser);
    first.session.close();
    browser.records.clear();
    const tab = browser.openTab();
    await tab.session.restore();
    expect(tab.session.state()).toEqual({ status: 'signed_out', reason: 'foreign_key' });
  });
});

test('an answer without the type DPoP is no answer to a proof (RFC 9449 §5)', async () => {
  const browser = await openBrowser();
  browser.auth.fail('/sessions', {
    status: 201,
    body: { access_token: 'e30.e30.', token_type: 'Bearer', expires_in: 300 },
  });
  const { session } = browser.openTab();
  await expect(session.signIn({ username: 'mina', password: testPassword })).rejects.toMatchObject({
    code: 'unexpected_answer',
  });
});

test('a refused token is renewed and sent once more, with a new proof', async () => {
  const browser = await openBrowser();
  const tab = await signedInTab(browser);
  browser.auth.refuse(signedIn(tab).accessToken);
  browser.answer = (asked) => (browser.auth.accepts(asked) ? undefined : invalidToken());
  expect((await tab.session.fetch(cartOf(browser))).status).toBe(200);
  await eventually('two requests came', () => expect(browser.cart.asked).toHaveLength(2));
});
