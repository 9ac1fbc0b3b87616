import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { authClient, type ProtectedResource } from '../../src/index.ts';

async function start(resource?: ProtectedResource | null) {
  const app = Fastify();
  onTestFinished(() => app.close());
  await app.register(authClient, {
    issuer: 'https://auth.example',
    audience: 'cart-service',
    jwksUri: 'http://127.0.0.1:1/jwks.json',
    revocations: null,
    ...(resource !== undefined && { resource }),
  });
  app.get('/cart', { onRequest: app.requireScope('cart:read') }, async () => ({}));
  return app;
}

test('a client that knows only the service finds its issuer', async () => {
  const jwksUri = 'https://cart.example/.well-known/jwks.json';
  const app = await start({ url: 'https://cart.example', scopes: ['cart:read'], jwksUri });
  const refused = await app.inject('/cart');
  const [, found = ''] =
    /resource_metadata="([^"]+)"/.exec(String(refused.headers['www-authenticate'])) ?? [];
  expect(found).toBe('https://cart.example/.well-known/oauth-protected-resource');
  const answer = await app.inject(new URL(found).pathname);
  expect(answer.json()).toEqual({
    resource: 'https://cart.example',
    authorization_servers: ['https://auth.example'],
    bearer_methods_supported: ['header'],
    resource_name: 'cart-service',
    jwks_uri: jwksUri,
    scopes_supported: ['cart:read'],
  });
  expect(answer.headers['access-control-allow-origin']).toBe('*');
});

test('the path of a resource comes after the well-known part (RFC 9728 §3.1)', async () => {
  const app = await start({ url: 'https://shop.example/cart' });
  const path = '/.well-known/oauth-protected-resource/cart';
  expect((await app.inject('/cart')).headers['www-authenticate']).toContain(`https://shop.example${path}`);
  expect((await app.inject(path)).json()).toMatchObject({ resource: 'https://shop.example/cart' });
});

test.each([null, undefined])('without a resource (%s) there is neither', async (resource) => {
  const app = await start(resource);
  expect((await app.inject('/cart')).headers['www-authenticate']).not.toContain('resource_metadata');
  expect((await app.inject('/.well-known/oauth-protected-resource')).statusCode).toBe(404);
});

test.each([
  [{ url: 'cart-service' }, 'resource.url'],
  [{ url: 'https://cart.example/?a=1' }, 'resource.url'],
  [{ url: 'https://cart.example', scopes: ['cart read'] }, 'resource.scopes'],
  [{ url: 'https://cart.example', jwksUri: '/jwks.json' }, 'resource.jwksUri'],
])('%j is refused', async (resource, fault) => {
  await expect(start(resource)).rejects.toThrow(fault);
});
