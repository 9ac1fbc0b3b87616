import { forThisFile } from '@latchkey/testing';
import { expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { openAuthDatabase } from '../../src/database/open-auth-database.ts';
import { decode, register, signIn, startAuthApp } from '../support/auth-app.ts';

const issuer = 'http://localhost:4000/tenants/blue';

const auth = await forThisFile(
  startAuthApp({ env: { ISSUER: issuer, JWKS_URI: `${issuer}/.well-known/jwks.json` } }),
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

test('an issuer whose path would hide a route is refused', async () => {
  const config = readConfig({ ...auth.env, ISSUER: 'http://localhost:4000/sessions' });
  const app = await buildApp({ config, database: await openAuthDatabase(config) });
  onTestFinished(() => app.close());
  await expect(async () => app.ready()).rejects.toThrow('ISSUER is not valid: the route /sessions/');
});
