import fastifyJwt from '@fastify/jwt';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AuthClientError, type AuthClientOptions, AuthError, authClient } from '../../src/index.ts';
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.ts';
import { audience, startService, type TestService } from '../service.ts';

let issuer: TestIssuer;
let service: TestService;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience });
  service = await startService(issuer);
});

afterAll(async () => {
  await service.close();
  await issuer.close();
});

describe('app.authClient', () => {
  it('is ready once it has keys, and says how old they are', async () => {
    await service.app.authClient.ready();
    expect(service.app.authClient.keySetAgeSeconds).toBeLessThan(60);
    expect(service.app.authClient.keySetSize).toBe(1);
  });

  it('verifies a token that came by another way', async () => {
    const authentication = await service.app.authClient.verify(issuer.mint({ scope: 'cart:read' }));
    expect(authentication.scopes.has('cart:read')).toBe(true);
    const refusal: unknown = await service.app.authClient
      .verify(issuer.expired())
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AuthError);
    expect(refusal).toBeInstanceOf(AuthClientError);
    expect(refusal).toMatchObject({
      code: 'invalid_token',
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('error="invalid_token"') },
    });
  });
});

describe('what the programmer did wrong', () => {
  it('is reported when request.auth is read on a route without auth', async () => {
    const response = await service.get('/undeclared', `Bearer ${issuer.mint()}`);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('request.auth was read on a route without auth');
  });

  it.each([[], [''], ['cart:read cart:write'], ['cart"read'], ['cart\r\nSet-Cookie: x'], [7]])(
    'is reported when a scope is invalid: %j',
    (...scopes) => {
      expect(() => service.app.requireScope(...(scopes as [string]))).toThrow('RFC 6749 §3.3');
    },
  );
});

describe('in a service of any kind', () => {
  let app: FastifyInstance | undefined;

  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  async function prepare(options: Partial<AuthClientOptions> = {}): Promise<FastifyInstance> {
    app ??= Fastify();
    await app.register(authClient, {
      issuer: issuer.issuer,
      audience,
      jwksUri: issuer.jwksUri,
      revocations: null,
      ...options,
    });
    return app;
  }

  const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

  it('answers by itself, whatever the error handler would make of it', async () => {
    app = Fastify();
    app.setErrorHandler((_error, _request, reply) => reply.code(500).send('handled'));
    await prepare();
    app.get('/', { onRequest: app.authenticate }, async () => 'passed');
    const response = await app.inject('/');
    expect(response.statusCode).toBe(401);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it.each(['onRequest', 'preValidation', 'preHandler'] as const)('works as %s hook', async (name) => {
    const service = await prepare();
    service.get('/', { [name]: service.requireScope('cart:read') }, async (request) => request.auth.subject);
    const headers = bearer(issuer.mint({ scope: 'cart:read' }));
    expect((await service.inject({ url: '/', headers })).body).toBe('user-1');
    expect((await service.inject({ url: '/' })).statusCode).toBe(401);
  });

  it('lets a hook for all routes and a scope for one go together', async () => {
    await prepare();
    await app?.register(async (shop) => {
      shop.addHook('onRequest', shop.authenticate);
      shop.get('/any', async (request) => request.auth.subject);
      shop.get(
        '/cart',
        { onRequest: shop.requireScope('cart:read', 'cart:write') },
        async (request) => request.auth.subject,
      );
    });
    const get = async (url: string, scope: string): Promise<number | undefined> =>
      (await app?.inject({ url, headers: bearer(issuer.mint({ scope })) }))?.statusCode;
    expect(await get('/any', 'x')).toBe(200);
    expect(await get('/cart', 'cart:read cart:write')).toBe(200);
    expect(await get('/cart', 'cart:read')).toBe(403);
    expect((await app?.inject('/any'))?.statusCode).toBe(401);
  });

  it('hides the permissions of one request from another', async () => {
    await prepare();
    app?.get('/', { onRequest: app.authenticate }, async (request) => request.auth.subject);
    const subjects = Array.from({ length: 50 }, (_, n) => `user-${n}`);
    const answers = await Promise.all(
      subjects.map((subject) => app?.inject({ url: '/', headers: bearer(issuer.mint({ subject })) })),
    );
    expect(answers.map((answer) => answer?.body)).toEqual(subjects);
  });

  it.each(['before', 'after'])(
    'leaves a @fastify/jwt alone that the service registered %s it',
    async (order) => {
      app = Fastify();
      if (order === 'after') await prepare();
      await app.register(fastifyJwt, { secret: 'a secret of the service itself' });
      if (order === 'before') await prepare();
      app.get('/own', { onRequest: (request) => request.jwtVerify() }, async (request) => request.user);
      app.get('/cart', { onRequest: app.authenticate }, async (request) => ({
        user: request.user,
        subject: request.auth.subject,
      }));
      const own = app.jwt.sign({ name: 'own' });
      expect((await app.inject({ url: '/own', headers: bearer(own) })).json()).toMatchObject({ name: 'own' });
      expect((await app.inject({ url: '/own', headers: bearer(issuer.mint()) })).statusCode).not.toBe(200);
      expect((await app.inject({ url: '/cart', headers: bearer(issuer.mint()) })).json()).toEqual({
        user: null,
        subject: 'user-1',
      });
      expect((await app.inject({ url: '/cart', headers: bearer(own) })).statusCode).toBe(401);
    },
  );

  it('refuses to be registered twice', async () => {
    await prepare();
    await expect(prepare()).rejects.toThrow(/already/);
  });
});
