import { eventually } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { createVault } from '../src/vault/vault.ts';
import { testPassword } from './auth-server.ts';
import { inVault, openBrowser, sealedIn, signedIn, signedInByCode } from './browser.ts';
import { createFakePlatform } from './fake-platform.ts';

describe('a page with a vault', () => {
  test('has people sign in at auth-service, asks for offline access, and uses no cookie', async () => {
    const browser = await openBrowser();
    const tab = browser.openTab(inVault);
    await tab.session.beginSignIn({ scope: 'cart:read' });
    expect(new URL(tab.platform.href).searchParams.get('scope')).toBe('cart:read offline_access');
    tab.platform.href = browser.auth.comeBack(tab.platform.href, 'mina');
    await tab.session.completeSignIn();
    expect(tab.session.state()).toMatchObject({ status: 'signed_in', subject: 'mina', isBound: true });
    expect((await tab.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
    expect(browser.cookie()).toBe('');
  });

  test('survives a reload, without a request while its token is good, and with one afterwards', async () => {
    const browser = await openBrowser();
    const first = await signedInByCode(browser);
    const { accessToken } = signedIn(first);
    first.session.close();
    const second = browser.openTab(inVault);
    await second.session.restore();
    expect(signedIn(second).accessToken).toBe(accessToken);
    expect(browser.auth.asked.filter((asked) => asked === 'POST /token')).toHaveLength(1);
    expect((await second.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
    second.session.close();

    browser.clock.step(400_000);
    const third = browser.openTab(inVault);
    await third.session.restore();
    expect(signedIn(third).accessToken).not.toBe(accessToken);
    expect((await third.session.fetch(`${browser.cart.origin}/cart`)).status).toBe(200);
  });

  test('forgives a lost reply: the token before is still there, with its key', async () => {
    const browser = await openBrowser();
    const tab = await signedInByCode(browser);
    browser.auth.loseAnswer('/token');
    await expect(tab.session.refresh()).rejects.toMatchObject({ status: 502 });
    tab.session.close();
    browser.clock.step(86_400_000);
    const later = browser.openTab(inVault);
    await later.session.restore();
    expect(signedIn(later).subject).toBe('mina');
  });

  test('cannot take a password, nor sign other devices out', async () => {
    const { session } = await signedInByCode(await openBrowser());
    for (const asked of [
      session.signIn({ username: 'mina', password: testPassword }),
      session.reauthenticate(testPassword),
      session.signOut({ everywhere: true }),
    ])
      await expect(asked).rejects.toMatchObject({ code: 'unsupported' });
    expect(session.state()).toMatchObject({ status: 'signed_in' });
  });

  test('needs a place that keeps keys', async () => {
    const browser = await openBrowser();
    const tab = browser.openTab({ ...inVault, without: ['records'], binding: 'none' });
    await tab.session.beginSignIn();
    tab.platform.href = browser.auth.comeBack(tab.platform.href, 'mina');
    await expect(tab.session.completeSignIn()).rejects.toMatchObject({ code: 'insecure_context' });
  });
});

describe('what lies in the storage', () => {
  test('holds no token that can be read, and is sealed under a key that cannot be taken out', async () => {
    const browser = await openBrowser();
    const tab = await signedInByCode(browser);
    const sealed = sealedIn(browser);
    expect(sealed?.key).toMatchObject({ extractable: false, algorithm: { name: 'AES-GCM', length: 256 } });
    await expect(crypto.subtle.exportKey('raw', sealed?.key as CryptoKey)).rejects.toThrow();
    const bytes = Buffer.from(sealed?.bytes as ArrayBuffer).toString('latin1');
    const texts = [bytes, ...browser.stored.values(), ...browser.stored.keys()].join('\n');
    const { accessToken, subject } = signedIn(tab);
    for (const secret of [accessToken, subject, 'refreshToken', 'session-1.1'])
      expect(texts).not.toContain(secret);
  });

  test('has another key for each session, and another IV for each token', async () => {
    const browser = await openBrowser();
    const tab = await signedInByCode(browser);
    const first = sealedIn(browser);
    await tab.session.refresh();
    const second = sealedIn(browser);
    expect(second?.iv).not.toEqual(first?.iv);
    tab.session.close();
    const next = await signedInByCode(browser, 'jo');
    const third = sealedIn(browser);
    expect(third?.sessionId).not.toBe(first?.sessionId);
    const { data } = await decrypted(third, first);
    expect(data).toBe('refused');
    // The session that it replaced has ended.
    expect(browser.auth.asked).toContain('POST /revoke');
    expect(signedIn(next).subject).toBe('jo');
  });

  test.each([
    ['another origin', { href: 'http://elsewhere.example/' }],
    ['another client', { clientId: 'other' }],
  ])('opens nothing at %s, even with its key', async (_, change) => {
    const browser = await openBrowser();
    const tab = await signedInByCode(browser);
    tab.session.close();
    const { clientId = 'embedded', href } = change as { clientId?: string; href?: string };
    const name = (client: string) => `latchkey session ${JSON.stringify([browser.auth.origin, client])}`;
    const copied = sealedIn(browser);
    const platform = createFakePlatform(browser.clock, {
      records: { update: async (_name, update) => update(copied) },
    });
    if (href !== undefined) platform.href = href;
    expect(await createVault({ name: name(clientId), platform }).read()).toBeUndefined();
    platform.href = 'http://localhost:3000/';
    expect(await createVault({ name: name('embedded'), platform }).read()).toBeDefined();
  });

  test.each(['iv', 'bytes', 'sessionId'] as const)('opens nothing when its %s was changed', async (part) => {
    const browser = await openBrowser();
    (await signedInByCode(browser)).session.close();
    const sealed = sealedIn(browser) as NonNullable<ReturnType<typeof sealedIn>>;
    if (part === 'sessionId') Object.assign(sealed, { sessionId: 'session-2' });
    else {
      const bytes = new Uint8Array(part === 'iv' ? (sealed.iv.buffer as ArrayBuffer) : sealed.bytes);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
    }
    const tab = browser.openTab(inVault);
    await tab.session.restore();
    expect(tab.session.state()).toMatchObject({ status: 'signed_out' });
    tab.session.close();
    // It keeps nobody from signing in.
    (await signedInByCode(browser, 'jo')).session.close();
    const next = browser.openTab(inVault);
    await next.session.restore();
    expect(signedIn(next).subject).toBe('jo');
  });

  test('authenticates nothing in another browser: the tokens are bound to a key that stayed behind', async () => {
    const browser = await openBrowser();
    const tab = await signedInByCode(browser);
    // As if the thief had the plain tokens as well.
    const { accessToken } = signedIn(tab);
    const stolen = await fetch(`${browser.cart.origin}/cart`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(stolen.status).toBe(401);
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'embedded',
      refresh_token: 'session-1.1',
    });
    const refreshed = await fetch(`${browser.auth.origin}/token`, { method: 'POST', body });
    expect((await refreshed.json()).error).toBe('invalid_dpop_proof');
    await tab.session.refresh();
    expect(signedIn(tab).subject).toBe('mina');
  });
});

describe('signing out', () => {
  test('wipes the vault, and all tabs forget the tokens', async () => {
    const browser = await openBrowser();
    const tab = await signedInByCode(browser);
    const other = browser.openTab(inVault);
    await other.session.restore();
    await tab.session.signOut();
    expect(browser.records.size).toBe(0);
    await eventually('the other tab is signed out', () =>
      expect(other.session.state()).toMatchObject({ status: 'signed_out' }),
    );
    expect(browser.auth.asked).toContain('POST /revoke');
  });

  test('elsewhere does so as well, at the next refresh', async () => {
    const browser = await openBrowser();
    const tab = await signedInByCode(browser);
    browser.auth.end('mina', 'consent_withdrawn');
    await tab.session.refresh();
    expect(tab.session.state()).toEqual({ status: 'signed_out', reason: 'consent_withdrawn' });
    expect(browser.records.size).toBe(0);
  });
});

/** Tries to open what is sealed under the key of another session. */
async function decrypted(keyOf: ReturnType<typeof sealedIn>, sealed: ReturnType<typeof sealedIn>) {
  const parameters = { name: 'AES-GCM', iv: sealed?.iv as Uint8Array<ArrayBuffer> };
  const data = await crypto.subtle
    .decrypt(parameters, keyOf?.key as CryptoKey, sealed?.bytes as ArrayBuffer)
    .then(
      () => 'opened',
      () => 'refused',
    );
  return { data };
}
