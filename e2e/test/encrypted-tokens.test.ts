import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '@latchkey/dev-stack';
import { ask, refreshing, send, signingOut, type Tokens } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type System, signIn, startSystem } from './system.ts';

const newKey = () => randomBytes(32).toString('base64url');

let folder: string;
let keysFile: string;
let system: System;
let stack: Stack;
const first = newKey();

/** wishlist-service and cart-service want encrypted tokens. wishlist-service accepts no other, and reads its keys from a file. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-encryption-'));
  keysFile = join(folder, 'keys');
  await writeFile(keysFile, first);
  system = await startSystem({
    auth: { ENCRYPTED_TOKENS_FOR: 'wishlist-service,cart-service' },
    wishlist: { TOKEN_DECRYPTION_KEYS_FILE: keysFile, ENCRYPTED_TOKENS: 'required' },
    cart: { TOKEN_DECRYPTION_KEYS: newKey() },
  });
  stack = system.stack;
});

afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

type Shop = 'cart' | 'wishlist' | 'payment';
const paths = { cart: '/cart', wishlist: '/wishlist', payment: '/payments' } as const;

/** A token for one service, by its address for clients (RFC 8707), and the next refresh token. */
async function tokenFor(service: Shop, refreshToken: string): Promise<Tokens> {
  const request = refreshing(refreshToken);
  const resource = stack.services[service].url.replace('127.0.0.1', 'localhost');
  return (await ask(stack.services.auth.url, { ...request, form: { ...request.form, resource } })) as Tokens;
}

const statusAt = async (service: Shop, token: string) =>
  (await send(stack.services[service].url, { path: paths[service], token })).status;

const headerOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>;

test('a service opens the token that is encrypted to it, and no other service accepts it', async () => {
  const { refresh_token } = await signIn(stack);
  const { access_token: token, scope } = await tokenFor('wishlist', refresh_token);
  expect(headerOf(token)).toMatchObject({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' });
  expect(scope).toBe('cart:write wishlist:read wishlist:write');
  const statuses = await Promise.all(
    (Object.keys(paths) as Shop[]).map((service) => statusAt(service, token)),
  );
  expect(statuses).toEqual([401, 200, 401]);
});

test('a sign-in without a resource gets a token that anybody can read, for the service that wants none encrypted', async () => {
  const { access_token: token, scope } = await signIn(stack);
  expect(scope).toBe('cart:read payment:read payment:write');
  expect(headerOf(token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
  const statuses = await Promise.all(
    (Object.keys(paths) as Shop[]).map((service) => statusAt(service, token)),
  );
  expect(statuses).toEqual([401, 401, 200]);
});

test('a service acts for the person with what was inside, by a token that is encrypted to the other service', async () => {
  const { refresh_token } = await signIn(stack);
  const wishes = await tokenFor('wishlist', refresh_token);
  const { url } = stack.services.wishlist;
  const { access_token: token } = wishes;
  const sku = `teapot-${randomBytes(4).toString('hex')}`;
  const { id } = await ask(url, { method: 'POST', path: '/wishlist/items', token, json: { sku } });
  const json = { unit_price: { amount: 2_400, currency: 'EUR' } };
  await ask(url, { method: 'POST', path: `/wishlist/items/${id}/move`, token, json });
  const cart = await tokenFor('cart', wishes.refresh_token);
  const { items } = await ask(stack.services.cart.url, { path: '/cart', token: cart.access_token });
  expect((items as { sku: string }[]).map((item) => item.sku)).toContain(sku);
});

test('signing out revokes an encrypted token at once, like any other', async () => {
  const session = await signIn(stack);
  const { access_token: token } = await tokenFor('wishlist', session.refresh_token);
  expect(await statusAt('wishlist', token)).toBe(200);
  await ask(stack.services.auth.url, signingOut(session.access_token));
  await eventually('wishlist-service refuses it', async () =>
    expect(await statusAt('wishlist', token)).toBe(401),
  );
});

test('the service’s key is replaced: the old one opens its tokens until it is taken away', async () => {
  const second = newKey();
  const restartWith = async (...keys: string[]) => {
    await writeFile(keysFile, keys.join(','));
    await stack.services.wishlist.stop();
    await stack.services.wishlist.start();
  };
  let session = await signIn(stack);
  const renew = async () => {
    session = await tokenFor('wishlist', session.refresh_token);
    return session.access_token;
  };
  const old = await renew();

  await restartWith(second, first);
  expect(await statusAt('wishlist', old)).toBe(200);
  const fresh = await eventually('auth-service encrypts to the new key', async () => {
    const token = await renew();
    expect(await statusAt('wishlist', token)).toBe(200);
    expect(headerOf(token)['kid']).not.toBe(headerOf(old)['kid']);
    return token;
  });
  expect(await statusAt('wishlist', old)).toBe(200);

  await restartWith(second);
  expect([await statusAt('wishlist', old), await statusAt('wishlist', fresh)]).toEqual([401, 200]);
});
