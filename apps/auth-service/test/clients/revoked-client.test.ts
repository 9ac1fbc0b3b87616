import type { Service } from '@latchkey/service-kit';
import { eventually, forThisFile } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type AuthApp,
  decode,
  postToken,
  refresh,
  refreshCookie,
  register,
  signIn,
  startAuthApp,
  storefrontOrigin,
  testPassword,
  whoAmI,
} from '../support/auth-app.ts';
import { ask, createOperator, type Database, openDatabase } from '../support/operator.ts';
import { accessTokenType, isActiveAtCart, tokenExchange } from '../support/services.ts';
import { signInByBrowser, startWithClients } from './client-fixture.ts';

const auth = await forThisFile(startWithClients());
afterEach(() => auth.activateAll());

function refreshByCookie(app: Service, refreshToken: string) {
  return app.inject({
    method: 'POST',
    url: '/sessions/refresh',
    payload: { client_id: 'storefront' },
    cookies: { [refreshCookie]: refreshToken },
    headers: { origin: storefrontOrigin },
  });
}

describe('a browser’s client that is revoked', () => {
  test('signs nobody in, and says so whether or not the password is right', async () => {
    const username = await register(auth.app);
    await auth.setStatus('storefront', 'revoked');
    for (const password of [testPassword, 'a wrong password']) {
      const answer = await signInByBrowser(auth.app, username, password);
      expect(answer.statusCode).toBe(403);
      expect(answer.json().code).toBe('client_revoked');
    }
    // The other client is not affected.
    await signIn(auth.app, username);
  });

  test('has its access tokens refused, and no refresh, until it is let in again; its sessions then go on', async () => {
    const username = await register(auth.app);
    const signedIn = await signInByBrowser(auth.app, username);
    const token = signedIn.json().access_token;
    const cookie = signedIn.cookies[0]?.value ?? '';
    expect((await whoAmI(auth.app, token)).statusCode).toBe(200);
    await auth.setStatus('storefront', 'revoked');

    const refused = await whoAmI(auth.app, token);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toMatchObject({ code: 'invalid_token', reason: 'client_revoked' });
    const notRefreshed = await refreshByCookie(auth.app, cookie);
    expect(notRefreshed.statusCode).toBe(403);
    expect(notRefreshed.json().code).toBe('client_revoked');
    expect(notRefreshed.cookies).toEqual([]);

    await auth.setStatus('storefront', 'active');
    const refreshed = await refreshByCookie(auth.app, cookie);
    expect(refreshed.statusCode).toBe(200);
    expect((await whoAmI(auth.app, refreshed.json().access_token)).statusCode).toBe(200);
    expect((await whoAmI(auth.app, token)).statusCode).toBe(401);
  });
});

describe('a native client that is revoked', () => {
  let another: AuthApp;
  let shop: Database;
  beforeEach(async () => {
    another = await startAuthApp();
    shop = openDatabase(another);
  });
  afterEach(async () => {
    await shop.close();
    await another.stop();
  });

  test('cannot refresh: it is no client any more (RFC 6749 §5.2), and its refresh token is not used up', async () => {
    const person = await createOperator(another, shop);
    const browser = await signInByBrowser(another.app, person.username);
    const byBrowser = { access_token: browser.json().access_token, username: person.username };
    const put = (status: string) =>
      ask(another, byBrowser, { method: 'PUT', url: '/clients/latchkey-cli/status', payload: { status } });

    expect((await put('revoked')).statusCode).toBe(200);
    const refused = await refresh(another.app, person.refresh_token);
    expect(refused.statusCode).toBe(401);
    expect(refused.json()).toEqual({
      error: 'invalid_client',
      error_description: 'The client could not be authenticated.',
    });
    // An operator who signed in through this client is refused too.
    expect((await whoAmI(another.app, person.access_token)).statusCode).toBe(401);

    expect((await put('active')).statusCode).toBe(200);
    expect((await refresh(another.app, person.refresh_token)).statusCode).toBe(200);
  });
});

describe('a service that is revoked', () => {
  const asService = (name: string, parameters: Record<string, string>) =>
    postToken(auth.app, { ...parameters, ...auth.services.credentials(name) });
  const exchange = (token: string) =>
    asService('payment-service', {
      grant_type: tokenExchange,
      subject_token: token,
      subject_token_type: accessTokenType,
      audience: 'cart-service',
    });

  test('can neither get a token of its own nor exchange one, and its tokens are refused', async () => {
    const person = await signIn(auth.app, await register(auth.app));
    const exchanged = (await exchange(person.access_token)).json().access_token;
    expect(await isActiveAtCart(auth, exchanged)).toBe(true);

    await auth.setStatus('payment-service', 'revoked');
    const own = { grant_type: 'client_credentials' };
    for (const answer of [await asService('payment-service', own), await exchange(person.access_token)]) {
      expect(answer.statusCode).toBe(401);
      expect(answer.json().error).toBe('invalid_client');
    }
    expect(await isActiveAtCart(auth, exchanged)).toBe(false);
    // The person and other services are not affected.
    expect((await whoAmI(auth.app, person.access_token)).statusCode).toBe(200);
    expect((await asService('cart-service', own)).statusCode).toBe(200);

    await auth.setStatus('payment-service', 'active');
    const anew = (await exchange(person.access_token)).json().access_token;
    expect(await isActiveAtCart(auth, anew)).toBe(true);
    expect(await isActiveAtCart(auth, exchanged)).toBe(false);
  });

  test('is counted among the failures, with the reason', async () => {
    const series =
      /^client_authentication_failures_total\{client="payment-service",reason="revoked"\} (\d+)$/m;
    const failures = async () =>
      Number(series.exec((await auth.app.inject({ url: '/metrics' })).body)?.[1] ?? 0);
    await auth.setStatus('payment-service', 'revoked');
    const before = await failures();
    await asService('payment-service', { grant_type: 'client_credentials' });
    expect(await failures()).toBe(before + 1);
  });
});

describe('with another replica', () => {
  test('the other replica follows at once, without a request', async () => {
    const replica = await auth.startReplica();
    const signedIn = await signInByBrowser(auth.app, await register(auth.app));
    const token = signedIn.json().access_token;
    const cookie = signedIn.cookies[0]?.value ?? '';
    expect((await whoAmI(replica, token)).statusCode).toBe(200);
    await auth.setStatus('storefront', 'revoked');
    await eventually(`the replica refuses the client's token`, async () =>
      expect((await whoAmI(replica, token)).statusCode).toBe(401),
    );
    expect((await refreshByCookie(replica, cookie)).statusCode).toBe(403);
    expect((await signInByBrowser(replica, await register(auth.app))).statusCode).toBe(403);

    await auth.setStatus('storefront', 'active');
    await eventually('the replica serves the client again', async () =>
      expect((await refreshByCookie(replica, cookie)).statusCode).toBe(200),
    );
  });
});

describe('within one second', () => {
  test('a client is revoked, let in again and revoked: each time old tokens are refused, and new ones are good', async () => {
    const username = await register(auth.app);
    let token = (await signInByBrowser(auth.app, username)).json().access_token;
    for (let round = 0; round < 3; round += 1) {
      await auth.setStatus('storefront', 'revoked');
      expect((await whoAmI(auth.app, token)).statusCode).toBe(401);
      await auth.setStatus('storefront', 'active');
      expect((await whoAmI(auth.app, token)).statusCode).toBe(401);
      token = (await signInByBrowser(auth.app, username)).json().access_token;
      expect((await whoAmI(auth.app, token)).statusCode).toBe(200);
      const { iat, exp } = decode(token).claims as { iat: number; exp: number };
      expect(exp).toBeGreaterThan(iat);
    }
  });
});
