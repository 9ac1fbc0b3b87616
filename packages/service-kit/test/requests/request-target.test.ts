import { describe, expect, it, onTestFinished } from 'vitest';
import { serviceUnderTest } from '../service-under-test.ts';

/** Starts a service with this base path and this route. */
async function start(path: string, route: string): Promise<void> {
  const { app } = await serviceUnderTest({ basePath: { path, setting: 'ISSUER' } });
  onTestFinished(() => app.close());
  app.get(route, async () => ({}));
  await app.ready();
}

describe('a base path', () => {
  it.each([
    ['/keys', '/keys/:id'],
    ['/keys/', '/keys/:id'],
    ['/a/b', '/a/b/c'],
    ['/a', '/:id/keys'],
    ['/.well-known', '/.well-known/jwks.json'],
  ])('%s is refused when there is a route %s, which it would hide', async (path, route) => {
    await expect(start(path, route)).rejects.toThrow(
      `ISSUER is not valid: the route ${route} begins with its path`,
    );
  });

  it('is also refused for the routes of every service', async () => {
    await expect(start('/docs', '/keys')).rejects.toThrow('the route /docs/');
  });

  it.each([
    ['/', '/keys/:id'],
    ['/auth', '/keys/:id'],
    ['/key', '/keys/:id'],
    ['/keys', '/keys'],
    ['/a/b', '/a/c/b'],
  ])('%s hides no route %s', async (path, route) => {
    await expect(start(path, route)).resolves.toBeUndefined();
  });
});
