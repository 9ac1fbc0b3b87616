import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authClient } from '../src/index.ts';
import { createTestIssuer, type TestIssuer } from '../src/testing/index.ts';
import { audience } from './service.ts';

// Mistakes and ways around a check that the types rule out: tsc fails if one of the marked lines compiles. For callers
// without types, each must also fail at run time.

let issuer: TestIssuer;
let options: { issuer: string; audience: string; jwksUri: string; revocations: null };

beforeAll(async () => {
  issuer = await createTestIssuer({ audience });
  options = { issuer: issuer.issuer, audience, jwksUri: issuer.jwksUri, revocations: null };
});

afterAll(() => issuer.close());

function refused(register: (app: FastifyInstance) => PromiseLike<unknown>): Promise<void> {
  const registering = Promise.resolve(register(Fastify()));
  return expect(registering).rejects.toMatchObject({ code: 'invalid_options' });
}

describe('registering', () => {
  it('needs an issuer, an audience and the place of the keys', async () => {
    const { issuer: iss, audience: aud, jwksUri, revocations } = options;
    // @ts-expect-error no issuer
    await refused((app) => app.register(authClient, { audience: aud, jwksUri, revocations }));
    // @ts-expect-error no audience
    await refused((app) => app.register(authClient, { issuer: iss, jwksUri, revocations }));
    // @ts-expect-error no place of the keys
    await refused((app) => app.register(authClient, { issuer: iss, audience: aud, revocations }));
    // @ts-expect-error nothing at all
    await refused((app) => app.register(authClient));
  });

  it('says how it learns what is revoked, or that nobody tells it', async () => {
    const { revocations: _, ...silent } = options;
    const { issuer: uri } = options;
    // @ts-expect-error left out
    await refused((app) => app.register(authClient, silent));
    // @ts-expect-error undefined, as a setting that was forgotten
    await refused((app) => app.register(authClient, { ...options, revocations: undefined }));
    // @ts-expect-error turned off by a word
    await refused((app) => app.register(authClient, { ...options, revocations: false }));
    // @ts-expect-error asked by nobody
    await refused((app) => app.register(authClient, { ...options, revocations: { uri } }));
  });

  it('offers no way to check less', async () => {
    // @ts-expect-error any audience
    await refused((app) => app.register(authClient, { ...options, audience: null }));
    // @ts-expect-error several audiences
    await refused((app) => app.register(authClient, { ...options, audience: [audience, 'payment-service'] }));
    // @ts-expect-error other algorithms
    await refused((app) => app.register(authClient, { ...options, algorithms: ['HS256'] }));
    // @ts-expect-error a shared secret
    await refused((app) => app.register(authClient, { ...options, secret: 'secret' }));
    // @ts-expect-error tokens that never expire
    await refused((app) => app.register(authClient, { ...options, ignoreExpiration: true }));
    // @ts-expect-error any lifetime
    await refused((app) => app.register(authClient, { ...options, maxTokenLifetimeSeconds: null }));
    // @ts-expect-error nothing verified
    await refused((app) => app.register(authClient, { ...options, enabled: false }));
  });
});

describe('a route', () => {
  it('names its scopes', async () => {
    const app = Fastify();
    await app.register(authClient, options);
    // @ts-expect-error no scope is no requirement: that is app.authenticate
    expect(() => app.requireScope()).toThrow('at least one scope');
    // @ts-expect-error scopes are given one by one
    expect(() => app.requireScope(['cart:read', 'cart:write'])).toThrow('at least one scope');
    await app.close();
  });

  it('cannot change what was verified', async () => {
    const app = Fastify().withTypeProvider<TypeBoxTypeProvider>();
    await app.register(authClient, options);
    const querystring = Type.Object({ sku: Type.String() });
    app.get('/', { onRequest: app.requireScope('cart:read'), schema: { querystring } }, async (request) => {
      // With a type provider, both keep their types.
      const line: string = request.auth.subject + request.query.sku;
      expect(() => {
        // @ts-expect-error the whole
        request.auth = null;
      }).toThrow(TypeError);
      expect(() => {
        // @ts-expect-error a part
        request.auth.subject = 'admin';
      }).toThrow(TypeError);
      // @ts-expect-error the scopes
      expect(() => request.auth.scopes.add('payment:refund')).toThrow(TypeError);
      // @ts-expect-error the audience
      expect(() => request.auth.audience.push('payment-service')).toThrow(TypeError);
      expect(() => {
        // @ts-expect-error the claims
        request.auth.claims.sub = 'admin';
      }).toThrow(TypeError);
      // @ts-expect-error and an actor is there in an exchanged token only
      expect(() => request.auth.actor.subject).toThrow(TypeError);
      return line;
    });
    const authorization = `Bearer ${issuer.mint({ scope: 'cart:read' })}`;
    const answer = await app.inject({ url: '/?sku=-7', headers: { authorization } });
    expect([answer.statusCode, answer.body]).toEqual([200, 'user-1-7']);
    await app.close();
  });
});
