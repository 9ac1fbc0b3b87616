import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createClientCredentials,
  createRevocationList,
  createServiceIdentity,
  followRevocations,
} from '@latchkey/auth-client';
import { createProver } from '@latchkey/auth-client/testing';
import { freePort } from '@latchkey/dev-stack/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { openAuthDatabase } from '../../src/database/open-auth-database.ts';
import { decode, register, signIn, startAuthApp, testPassword } from '../support/auth-app.ts';

const port = await freePort();
const origin = `http://localhost:${port}`;
const issuer = `${origin}/tenants/blue`;
const identity = createServiceIdentity({ clientId: 'cart-service' });
const keys = createServer(async (_request, response) =>
  response
    .setHeader('content-type', 'application/jwk-set+json')
    .end(JSON.stringify({ keys: await identity.publicKeys() })),
);
await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  identity.close();
  keys.close();
});

const jwksUri = `${issuer}/.well-known/jwks.json`;
const auth = await forThisFile(
  startAuthApp({
    env: {
      ISSUER: issuer,
      JWKS_URI: jwksUri,
      SERVICE_JWKS_URIS: `cart-service=http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`,
    },
  }),
);

test('an issuer with a path has its metadata where RFC 8414 §3.1 says, and where a proxy that drops the path asks', async () => {
  const paths = [
    '/.well-known/oauth-authorization-server/tenants/blue',
    '/.well-known/oauth-authorization-server',
    '/tenants/blue/.well-known/oauth-authorization-server',
  ];
  for (const url of paths) expect((await auth.app.inject(url)).json()).toMatchObject({ issuer });
  expect((await auth.app.inject('/.well-known/oauth-authorization-server/tenants/red')).statusCode).toBe(404);
});

test.each([
  '/.well-known/oauth-authorization-server/tenants/blue',
  '/.well-known/openid-configuration/tenants/blue',
  '/.well-known/oauth-authorization-server',
  '/tenants/blue/.well-known/openid-configuration',
  '/tenants/blue/.well-known/jwks.json',
])('pages of other sites can read its metadata and its keys: %s', async (url) => {
  const headers = { origin: 'https://page.example' };
  const answer = await auth.app.inject({ url, headers });
  expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([200, '*']);
  const asked = { ...headers, 'access-control-request-method': 'GET' };
  const preflight = await auth.app.inject({ method: 'OPTIONS', url, headers: asked });
  expect(preflight.headers['access-control-allow-origin']).toBe('*');
});

test('every endpoint in the metadata exists, with the path and without', async () => {
  const metadata = (await auth.app.inject('/.well-known/oauth-authorization-server')).json<
    Record<string, unknown>
  >();
  const named = Object.entries(metadata).filter(([name]) => /(_endpoint|_uri|_documentation)$/.test(name));
  expect(named).toHaveLength(9);
  for (const [name, uri] of named) {
    const { pathname, href } = new URL(String(uri));
    expect(href.startsWith(`${issuer}/`)).toBe(true);
    const method = name.endsWith('_endpoint') ? 'POST' : 'GET';
    for (const url of [pathname, pathname.replace('/tenants/blue', '')])
      expect([url, (await auth.app.inject({ method, url })).statusCode]).not.toEqual([url, 404]);
  }
});

test('its tokens name it, and are good there', async () => {
  const { access_token } = await signIn(auth.app, await register(auth.app));
  expect(decode(access_token).claims).toMatchObject({ iss: issuer });
  const headers = { authorization: `Bearer ${access_token}` };
  expect((await auth.app.inject({ url: '/tenants/blue/account?x=1', headers })).statusCode).toBe(200);
  expect((await auth.app.inject({ url: '/tenants/bluer/account', headers })).statusCode).toBe(404);
});

test('its bound tokens are good there, whether a proxy leaves the path or removes it', async () => {
  const prover = createProver();
  const { access_token } = (
    await auth.app.inject({
      method: 'POST',
      url: '/tenants/blue/sessions',
      headers: { dpop: prover.prove({ method: 'POST', url: `${issuer}/sessions` }) },
      payload: {
        client_id: 'latchkey-cli',
        username: await register(auth.app),
        password: testPassword,
      },
    })
  ).json<{ access_token: string }>();
  const ask = (url: string, htu: string) => {
    const dpop = prover.prove({ method: 'GET', url: htu, accessToken: access_token });
    return auth.app.inject({ url, headers: { authorization: `DPoP ${access_token}`, dpop } });
  };
  for (const path of ['/account', '/sessions?x=1'])
    for (const url of [path, `/tenants/blue${path}`])
      expect([url, (await ask(url, `${issuer}${path}`)).statusCode]).toEqual([url, 200]);
  for (const url of ['/account', '/tenants/blue/account'])
    expect((await ask(url, `${origin}/account`)).json().code).toBe('invalid_dpop_proof');
});

test('a service follows its revocations with a bound token', async () => {
  await auth.app.listen({ host: 'localhost', port });
  const accessToken = createClientCredentials({
    identity,
    issuer,
    tokenEndpoint: `${issuer}/token`,
    scopes: ['revocations:read'],
    proofOfPossession: 'required',
  });
  const list = createRevocationList({ retentionSeconds: 330 });
  const uri = `${issuer}/revocations`;
  const follower = followRevocations(list, { issuer, jwksUri, uri, accessToken });
  onTestFinished(() => follower.close());
  await eventually('the list is complete', () => expect(list.hasBeenComplete).toBe(true));
});

test('an issuer whose path would hide a route is refused', async () => {
  const config = readConfig({ ...auth.env, ISSUER: 'http://localhost:4000/sessions' });
  const app = await buildApp({ config, database: await openAuthDatabase(config) });
  onTestFinished(() => app.close());
  await expect(async () => app.ready()).rejects.toThrow('ISSUER is not valid: the route /sessions/');
});
