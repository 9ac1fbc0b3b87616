import { createPublicKey, verify } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accounts } from '../../src/database/schema.ts';
import { type AuthApp, bearer, decode, register, signIn, startAuthApp } from '../support/auth-app.ts';
import { connectDatabase } from '../support/connect-database.ts';

let auth: AuthApp;
let now: number;
beforeEach(async () => {
  now = Date.now();
  auth = await startAuthApp({ clock: () => now });
});
afterEach(() => auth.stop());

async function tokenOf(role: string): Promise<string> {
  const username = await register(auth.app);
  const db = connectDatabase(auth.databaseUrl);
  await db
    .update(accounts)
    .set({ roles: [role] })
    .where(eq(accounts.username, username));
  await db.$client.end();
  return (await signIn(auth.app, username)).access_token;
}

function rotate(token: string) {
  return auth.app.inject({ method: 'POST', url: '/keys/rotation', headers: bearer(token) });
}

type Key = { kid: string; n: string; e: string };

async function keySet(): Promise<Key[]> {
  return (await auth.app.inject({ url: '/.well-known/jwks.json' })).json().keys;
}

test('anybody may fetch the public keys, and keep them for the max-age', async () => {
  const answer = await auth.app.inject({ url: '/.well-known/jwks.json' });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers['content-type']).toMatch(/^application\/jwk-set\+json/);
  expect(answer.headers['cache-control']).toBe('public, max-age=60');
  for (const key of answer.json().keys) {
    expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  }
});

test('a key stays published for the longest lifetime of a token, however short new tokens live', async () => {
  await auth.stop();
  auth = await startAuthApp({ clock: () => now, env: { ACCESS_TOKEN_SECONDS: '60' } });
  const admin = await tokenOf('admin');
  const { kid } = decode(admin).header;
  now += 90_000;
  expect((await rotate(admin)).statusCode).toBe(200);
  // The next rotation removes keys that are due.
  now += 329_000;
  expect((await rotate(admin)).statusCode).toBe(200);
  expect((await keySet()).map((key) => key.kid)).toContain(kid);
});

test('a client that has the set already gets 304, until it changes', async () => {
  const { headers } = await auth.app.inject({ url: '/.well-known/jwks.json' });
  const etag = String(headers['etag']);
  const ask = (tag: string) =>
    auth.app.inject({ url: '/.well-known/jwks.json', headers: { 'if-none-match': tag } });
  for (const tag of [etag, `W/${etag}`, `"another", ${etag}`, '*']) {
    const answer = await ask(tag);
    expect(answer.statusCode).toBe(304);
    expect(answer.body).toBe('');
    expect(answer.headers).toMatchObject({ etag, 'cache-control': 'public, max-age=60' });
  }
  const admin = await tokenOf('admin');
  now += 90_000;
  expect((await rotate(admin)).statusCode).toBe(200);
  expect((await ask(etag)).statusCode).toBe(200);
});

test('a token is signed by a key of the set', async () => {
  const token = await tokenOf('customer');
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const key = (await keySet()).find(({ kid }) => kid === decode(token).header['kid']);
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: key?.n ?? '', e: key?.e ?? '' }, format: 'jwk' });
  expect(
    verify('sha256', Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url')),
  ).toBe(true);
});

test('an admin rotates: too early is 409 with Retry-After, then the next key signs and the old one stays published', async () => {
  const admin = await tokenOf('admin');
  const { kid: old } = decode(admin).header as { kid: string };
  const early = await rotate(admin);
  expect(early.statusCode).toBe(409);
  expect(early.json()).toMatchObject({ code: 'rotation_too_early' });
  expect(Number(early.headers['retry-after'])).toBeGreaterThan(0);

  now += Number(early.headers['retry-after']) * 1000;
  const done = await rotate(admin);
  expect(done.statusCode).toBe(200);
  expect(done.json()).toEqual({
    action: 'activated',
    kid: expect.any(String),
    retiring: old,
    next: expect.any(String),
  });
  expect(decode(await tokenOf('customer')).header['kid']).toBe(done.json().kid);
  expect((await keySet()).map(({ kid }) => kid)).toContain(old);

  const listed = await auth.app.inject({ url: '/keys', headers: bearer(admin) });
  expect(listed.statusCode).toBe(200);
  expect(listed.json().keys.map(({ state }: { state: string }) => state)).toEqual(
    expect.arrayContaining(['next', 'active', 'retiring']),
  );
  expect(listed.body).not.toMatch(/private|encrypted|"d"|v1\./);
});

test('nobody without the scope can manage the keys', async () => {
  const support = await tokenOf('support');
  for (const request of [
    { method: 'GET' as const, url: '/keys' },
    { method: 'POST' as const, url: '/keys/rotation' },
  ]) {
    expect((await auth.app.inject(request)).statusCode).toBe(401);
    const answer = await auth.app.inject({ ...request, headers: bearer(support) });
    expect(answer.statusCode).toBe(403);
    expect(answer.headers['www-authenticate']).toContain('insufficient_scope');
  }
});
