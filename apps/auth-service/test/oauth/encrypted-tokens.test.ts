import { randomBytes } from 'node:crypto';
import { createServiceIdentity } from '@latchkey/auth-client';
import { createProver } from '@latchkey/auth-client/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  bearer,
  decode,
  postToken,
  refresh,
  register,
  signIn,
  startAuthApp,
  storefrontOrigin,
  testIssuer,
  testPassword,
} from '../support/auth-app.ts';
import { accessTokenType, isActiveAtCart, startServices, tokenExchange } from '../support/services.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  registerApplication,
  somebody,
} from './authorization/authorization-fixture.ts';

const [cart, payment, wishlist] = [
  'https://cart.example',
  'https://payment.example',
  'https://wishlist.example',
];
const services = await forThisFile(startServices(['cart-service', 'payment-service', 'wishlist-service']));
const auth = await forThisFile(
  startAuthApp({
    env: {
      SERVICE_JWKS_URIS: services.jwksUris,
      RESOURCE_URLS: `cart-service=${cart},payment-service=${payment},wishlist-service=${wishlist}`,
      ENCRYPTED_TOKENS_FOR: 'cart-service,payment-service',
    },
  }),
);
const { app } = auth;
const [atCart, atPayment] = ['cart-service', 'payment-service'].map(keysOf) as [Keys, Keys];

type Keys = { publish(): void; open(token: string): Promise<string> };

/** A service's own keys: only with them its tokens can be opened. */
function keysOf(name: string): Keys {
  const decryptionKeys = [randomBytes(32).toString('base64url')];
  const { decryption, close } = createServiceIdentity({ clientId: name, decryptionKeys });
  close();
  if (decryption === null) throw new Error('there is no key');
  const publish = () => services.publishEncryptionKey(name, decryption.publicKey);
  publish();
  return { publish, open: decryption.open };
}

const session = async () => signIn(app, await register(app));
const ask = async (refreshToken: string, resource: string) =>
  (await refresh(app, refreshToken, { resource })).json();
const openedAtCart = async (token: string) => decode(await atCart.open(token));

describe('a client that asks for one service', () => {
  test('gets a token that only this service can open: signed, then encrypted', async () => {
    const { refresh_token, session_id } = await session();
    const { access_token, scope, token_type } = await ask(refresh_token, cart);
    expect([scope, token_type]).toEqual(['cart:read cart:write', 'Bearer']);
    expect(JSON.parse(Buffer.from(access_token.split('.')[0], 'base64url').toString())).toMatchObject({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      cty: 'JWT',
    });
    const { header, claims } = await openedAtCart(access_token);
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
    expect(claims).toMatchObject({ aud: ['cart-service'], scope, sid: session_id });
    await expect(atPayment.open(access_token)).rejects.toMatchObject({ reason: 'unknown decryption key' });
  });

  test('gets a readable one for a service that does not want encrypted ones', async () => {
    const { access_token } = await ask((await session()).refresh_token, wishlist);
    expect(decode(access_token).claims['aud']).toEqual(['wishlist-service']);
  });

  test('is bound to the client’s key inside, too', async () => {
    const prover = createProver();
    const { refresh_token } = await session();
    const proof = (nonce?: string) => prover.prove({ method: 'POST', url: `${testIssuer}/token`, nonce });
    const parameters = {
      grant_type: 'refresh_token',
      client_id: 'latchkey-cli',
      refresh_token,
      resource: cart,
    };
    const first = await postToken(app, parameters, { dpop: proof() });
    const nonce = String(first.headers['dpop-nonce']);
    const answer =
      first.statusCode === 200 ? first : await postToken(app, parameters, { dpop: proof(nonce) });
    expect(answer.json().token_type).toBe('DPoP');
    const { claims } = await openedAtCart(answer.json().access_token);
    expect(claims['cnf']).toEqual({ jkt: prover.thumbprint });
  });
});

describe('a client that asks for no service', () => {
  test('gets a readable token without those that want encrypted ones, at sign-in and at each refresh', async () => {
    const first = await session();
    const second = (await refresh(app, first.refresh_token)).json();
    for (const { access_token, scope } of [first, second]) {
      const { claims } = decode(access_token);
      // cart:write is what wishlist-service may pass on. cart-service itself accepts no such token.
      expect(scope).toBe('cart:write wishlist:read wishlist:write');
      expect([claims['aud'], claims['scope']]).toEqual([['wishlist-service', 'auth-service'], scope]);
    }
    // The session itself has lost nothing.
    expect((await ask(second.refresh_token, payment)).scope).toBe('cart:read payment:read payment:write');
  });

  test('nor does giving the password again bring them back', async () => {
    const { access_token } = await session();
    const answer = await app.inject({
      method: 'POST',
      url: '/sessions/current/reauthentication',
      headers: { ...bearer(access_token), origin: storefrontOrigin },
      payload: { password: testPassword },
    });
    expect(answer.json().scope).toBe('cart:write wishlist:read wishlist:write');
    expect(decode(answer.json().access_token).claims['aud']).toEqual(['wishlist-service', 'auth-service']);
  });

  test('gets an encrypted one when its grant is for one service anyway', async () => {
    const application = await registerApplication(auth);
    const flow = createFlow(application.id, { scope: 'cart:read' });
    const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
    const { access_token, scope } = (await flow.redeem(app, code)).json();
    expect(scope).toBe('cart:read');
    expect((await openedAtCart(access_token)).claims['aud']).toEqual(['cart-service']);
  });
});

describe('when a service’s key cannot be had', () => {
  /** Asks until the answer is this, each time with the newest refresh token. */
  const untilAnswered = async (code: string | undefined) => {
    let { refresh_token } = await session();
    await eventually(`the answer is ${code}`, async () => {
      const answer = await ask(refresh_token, cart);
      refresh_token = answer.refresh_token ?? refresh_token;
      expect(answer.code).toBe(code);
    });
  };

  test('the answer is 503, never a readable token, and neither refresh token nor code is used up', async () => {
    const { refresh_token } = await session();
    const application = await registerApplication(auth);
    const flow = createFlow(application.id, { scope: 'cart:read wishlist:read' });
    const { code: grant = '' } = await authorize(createBrowser(app), flow, await somebody(app));
    onTestFinished(async () => {
      atCart.publish();
      await untilAnswered(undefined);
    });
    services.publishEncryptionKey('cart-service', null);
    await untilAnswered('encryption_key_unavailable');
    const refreshes = async () => (await app.inject('/metrics')).body.match(/^refresh_tokens_total.*$/gm);
    const before = await refreshes();
    expect(before).not.toBeNull();
    const refused = await refresh(app, refresh_token, { resource: cart });
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'encryption_key_unavailable']);
    expect(refused.headers['retry-after']).toBe('1');
    expect(await refreshes()).toEqual(before);
    const asked = { resource: cart };
    expect((await flow.redeem(app, grant, asked)).json().code).toBe('encryption_key_unavailable');
    atCart.publish();
    await untilAnswered(undefined);
    expect((await ask(refresh_token, cart)).scope).toBe('cart:read cart:write');
    expect((await flow.redeem(app, grant, asked)).json().scope).toBe('cart:read');
  });
});

describe('auth-service cannot open what it encrypted', () => {
  const exchange = (subjectToken: string) =>
    postToken(app, {
      grant_type: tokenExchange,
      subject_token: subjectToken,
      subject_token_type: accessTokenType,
      audience: 'cart-service',
      ...services.credentials('payment-service'),
    });

  test('a service exchanges the signed token inside, and gets one that is encrypted to the other service', async () => {
    const { access_token } = await ask((await session()).refresh_token, payment);
    const refused = await exchange(access_token);
    expect([refused.statusCode, refused.json().error]).toEqual([400, 'invalid_grant']);
    expect(refused.json().error_description).toMatch(
      /^The subject_token is encrypted\. Present the signed token/,
    );
    const { access_token: exchanged } = (await exchange(await atPayment.open(access_token))).json();
    const { claims } = await openedAtCart(exchanged);
    expect(claims).toMatchObject({ aud: ['cart-service'], act: { sub: 'payment-service' } });
  });

  test('a service introspects the signed token inside; the encrypted one is active nowhere', async () => {
    const { access_token } = await ask((await session()).refresh_token, cart);
    expect(await isActiveAtCart({ app, services }, access_token)).toBe(false);
    expect(await isActiveAtCart({ app, services }, await atCart.open(access_token))).toBe(true);
  });

  test('a client that revokes one is told that this does nothing, and revokes its refresh token instead', async () => {
    const { access_token, refresh_token } = await ask((await session()).refresh_token, cart);
    const revoke = (token: string) =>
      app.inject({
        method: 'POST',
        url: '/revoke',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ client_id: 'latchkey-cli', token }).toString(),
      });
    const refused = await revoke(access_token);
    expect([refused.statusCode, refused.json().error]).toEqual([400, 'unsupported_token_type']);
    expect((await revoke(refresh_token)).statusCode).toBe(200);
    expect(await isActiveAtCart({ app, services }, await atCart.open(access_token))).toBe(false);
  });

  test('it refuses one itself', async () => {
    const { access_token } = await ask((await session()).refresh_token, cart);
    const answer = await app.inject({ url: '/account', headers: bearer(access_token) });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'invalid_token']);
  });
});
