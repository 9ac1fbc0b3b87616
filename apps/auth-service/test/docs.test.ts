import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { startAuthApp } from './support/auth-app.ts';

const auth = await forThisFile(startAuthApp());

type Operation = { security?: unknown[] };

test('the OpenAPI document says of each route whether it needs an access token', async () => {
  const { security, paths } = (await auth.app.inject({ url: '/docs/json' })).json<{
    security: unknown[];
    paths: Record<string, Record<string, Operation>>;
  }>();
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      isPublic: (operation.security ?? security).length === 0,
    })),
  );
  const namesOf = (isPublic: boolean) =>
    routes
      .filter((route) => route.isPublic === isPublic)
      .map(({ name }) => name)
      .sort();
  expect(namesOf(true)).toEqual([
    'GET /.well-known/jwks.json',
    'GET /.well-known/oauth-authorization-server',
    'GET /.well-known/openid-configuration',
    'GET /providers',
    'POST /accounts',
    'POST /introspect',
    'POST /par',
    'POST /providers/{provider}/backchannel-logout',
    'POST /revoke',
    'POST /sessions',
    'POST /sessions/code',
    'POST /sessions/refresh',
    'POST /token',
  ]);
  expect(namesOf(false)).toEqual(
    expect.arrayContaining(['GET /sessions', 'DELETE /sessions/current', 'GET /account']),
  );
});
