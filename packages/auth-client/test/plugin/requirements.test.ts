import { eventually } from '@latchkey/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessOptions, authClient, requireRecentSignIn } from '../../src/index.ts';
import { createTestIssuer, type MintOverrides, type TestIssuer } from '../../src/testing/index.ts';
import { audience } from '../service.ts';

let issuer: TestIssuer;
let app: FastifyInstance;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience });
  app = Fastify();
  await app.register(authClient, {
    issuer: issuer.issuer,
    audience,
    jwksUri: issuer.jwksUri,
    revocations: null,
  });
  const subject = async (request: { auth: { subject: string } }): Promise<string> => request.auth.subject;
  app.get('/any', { onRequest: app.authenticate }, subject);
  app.get('/cart', { onRequest: app.requireScope('cart:read') }, subject);
  app.put(
    '/checkout',
    {
      onRequest: app.requireScope('cart:checkout', {
        actors: ['payment-service', 'other-service'],
        maxAuthAgeSeconds: 300,
      }),
    },
    subject,
  );
  app.post(
    '/refunds',
    { onRequest: app.requireScope('payment:refund', { maxAuthAgeSeconds: 300 }) },
    subject,
  );
  const forServices = { onRequest: app.requireScope('revocations:read', { allowService: true }) };
  app.get('/feed', forServices, async ({ caller }) =>
    caller.isService ? `service ${caller.clientId}` : `user ${caller.subject} of ${caller.sessionId}`,
  );
  app.get('/careless', forServices, subject);
  app.post<{ Body: { amount: number } }>(
    '/payments',
    { onRequest: app.requireScope('payment:write') },
    async (request) => {
      if (request.body.amount > 50_000) requireRecentSignIn(request, 300);
      return 'charged';
    },
  );
  await app.ready();
});

afterAll(async () => {
  await app.close();
  await issuer.close();
});

type Answer = {
  status: number;
  code: string | undefined;
  body: string;
  challenge: string | undefined;
};

async function send(route: string, token: string, body?: object): Promise<Answer> {
  const [method, url] = route.split(' ') as ['GET' | 'PUT' | 'POST', string];
  const headers = { authorization: `Bearer ${token}` };
  const answer = await app.inject({ method, url, headers, ...(body && { body }) });
  const code = answer.statusCode < 400 ? undefined : (answer.json().code as string);
  const challenge = answer.headers['www-authenticate'] as string | undefined;
  return { status: answer.statusCode, code, body: answer.body, challenge };
}

const now = (): number => Math.floor(Date.now() / 1000);
const ofService = (scope?: string): string =>
  issuer.mint({
    subject: 'wishlist-service',
    clientId: 'wishlist-service',
    ...(scope !== undefined && { scope }),
    claims: { sid: undefined, auth_time: undefined },
  });
const signedIn = (secondsAgo: number, overrides: MintOverrides): string =>
  issuer.mint({ ...overrides, claims: { auth_time: now() - secondsAgo, ...overrides.claims } });

describe('a service’s own token', () => {
  it.each(['GET /any', 'GET /cart', 'PUT /checkout', 'POST /refunds'])(
    'does not open a route for people: %s',
    async (route) => {
      const answer = await send(route, ofService('cart:read cart:checkout payment:refund'));
      expect(answer).toMatchObject({ status: 403, code: 'user_required', challenge: undefined });
    },
  );

  it('opens a route that says so, if it has the scope', async () => {
    expect(await send('GET /feed', ofService('revocations:read'))).toMatchObject({
      status: 200,
      body: 'service wishlist-service',
    });
    expect(await send('GET /feed', ofService())).toMatchObject({ status: 403, code: 'insufficient_scope' });
  });

  it('leaves such a route open to people with the scope', async () => {
    expect(await send('GET /feed', issuer.mint({ scope: 'revocations:read' }))).toMatchObject({
      body: 'user user-1 of session-1',
    });
  });

  it('is refused by a handler that takes everybody for a person', async () => {
    const answer = await send('GET /careless', ofService('revocations:read'));
    expect(answer).toMatchObject({ status: 403, code: 'user_required' });
    expect((await send('GET /careless', issuer.mint({ scope: 'revocations:read' }))).body).toBe('user-1');
  });
});

describe('a route for certain actors', () => {
  const with_ = (act: unknown): string => issuer.mint({ scope: 'cart:checkout', claims: { act } });

  it.each<[string, unknown]>([
    ['the one', { sub: 'payment-service' }],
    ['the other', { sub: 'other-service' }],
  ])('lets them act for the person: %s', async (_name, act) => {
    expect(await send('PUT /checkout', with_(act))).toMatchObject({ status: 200, body: 'user-1' });
  });

  it.each<[string, unknown]>([
    ['nobody', undefined],
    ['another service', { sub: 'wishlist-service' }],
    ['one that only sounds alike', { sub: 'payment-service-2' }],
    ['one of them for another', { sub: 'payment-service', act: { sub: 'wishlist-service' } }],
    ['one of them for itself', { sub: 'payment-service', act: { sub: 'payment-service' } }],
    ['another for one of them', { sub: 'wishlist-service', act: { sub: 'payment-service' } }],
  ])('keeps others out, whatever their scope: %s', async (_name, act) => {
    const answer = await send('PUT /checkout', with_(act));
    expect(answer).toMatchObject({ status: 403, code: 'actor_not_allowed', challenge: undefined });
  });

  it('says that the scope is lacking first', async () => {
    const token = issuer.mint({ claims: { act: { sub: 'payment-service' } } });
    expect(await send('PUT /checkout', token)).toMatchObject({ code: 'insufficient_scope' });
  });
});

describe('a route that wants a recent sign-in', () => {
  it('challenges as RFC 9470 §3 says', async () => {
    expect(await send('POST /refunds', signedIn(400, { scope: 'payment:refund' }))).toEqual({
      status: 401,
      code: 'insufficient_user_authentication',
      body: expect.any(String),
      challenge:
        'Bearer realm="cart-service", error="insufficient_user_authentication", ' +
        'error_description="The sign-in is too long ago", max_age="300", DPoP algs="ES256 EdDSA RS256"',
    });
  });

  it('lets pass up to the bound, also on behalf of the person', async () => {
    const act = { sub: 'payment-service' };
    expect((await send('POST /refunds', signedIn(298, { scope: 'payment:refund' }))).status).toBe(200);
    expect((await send('POST /refunds', signedIn(302, { scope: 'payment:refund' }))).status).toBe(401);
    const onBehalf = (ago: number): string => signedIn(ago, { scope: 'cart:checkout', claims: { act } });
    expect((await send('PUT /checkout', onBehalf(298))).status).toBe(200);
    expect((await send('PUT /checkout', onBehalf(302))).code).toBe('insufficient_user_authentication');
  });

  it('does not send a caller to sign in that lacks the scope or is the wrong actor', async () => {
    expect(await send('POST /refunds', signedIn(400, {}))).toMatchObject({ code: 'insufficient_scope' });
    const token = signedIn(400, { scope: 'cart:checkout' });
    expect(await send('PUT /checkout', token)).toMatchObject({ code: 'actor_not_allowed' });
  });

  it('asks each time, also for a token that is remembered', async () => {
    const token = signedIn(298, { scope: 'payment:refund' });
    expect((await send('POST /refunds', token)).status).toBe(200);
    await eventually('the sign-in is too old for a refund', async () =>
      expect((await send('POST /refunds', token)).status).toBe(401),
    );
  });
});

describe('a handler that wants a recent sign-in', () => {
  it('challenges by throwing', async () => {
    const token = signedIn(400, { scope: 'payment:write' });
    expect(await send('POST /payments', token, { amount: 50_000 })).toMatchObject({ status: 200 });
    const answer = await send('POST /payments', token, { amount: 50_001 });
    expect(answer).toMatchObject({ status: 401, code: 'insufficient_user_authentication' });
    expect(answer.challenge).toMatch(/error="insufficient_user_authentication".*max_age="300", DPoP/);
    const fresh = signedIn(10, { scope: 'payment:write' });
    expect(await send('POST /payments', fresh, { amount: 50_001 })).toMatchObject({ status: 200 });
  });
});

describe('requirements that mean nothing', () => {
  it.each<[string, unknown]>([
    ['no actors', { actors: [] }],
    ['an actor without a name', { actors: [''] }],
    ['actors undefined', { actors: undefined }],
    ['no age', { maxAuthAgeSeconds: 0 }],
    ['an age of milliseconds and a half', { maxAuthAgeSeconds: 0.5 }],
    ['age undefined', { maxAuthAgeSeconds: undefined }],
    ['age as text', { maxAuthAgeSeconds: '300' }],
    ['a misspelt name', { maxAuthAge: 300 }],
    ['services that act for people', { allowService: true, actors: ['payment-service'] }],
    ['services that signed in', { allowService: true, maxAuthAgeSeconds: 300 }],
    ['services, maybe', { allowService: 'yes' }],
  ])('are refused when the route is declared: %s', (_name, options) => {
    expect(() => app.requireScope('cart:read', options as AccessOptions)).toThrow(/^requireScope: /);
  });

  it('are refused without a scope', () => {
    // @ts-expect-error a scope comes first
    expect(() => app.requireScope({ maxAuthAgeSeconds: 300 })).toThrow('at least one scope');
  });
});
