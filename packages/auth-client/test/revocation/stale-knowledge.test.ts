import { eventually, forThisFile } from '@latchkey/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AccessOptions,
  authClient,
  createRevocationList,
  type RevocationList,
} from '../../src/index.ts';
import { createTestIssuer } from '../../src/testing/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { audience, startService } from '../service.ts';

let clock: TestClock;
let list: RevocationList;
let app: FastifyInstance;

const issuer = await forThisFile(createTestIssuer({ audience }));
beforeEach(async () => {
  clock = createTestClock();
  list = createRevocationList({ retentionSeconds: 330, clock });
  app = Fastify();
  await app.register(authClient, {
    issuer: issuer.issuer,
    audience,
    jwksUri: issuer.jwksUri,
    revocations: list,
    clock,
  });
  const subject = async (request: { auth: { subject: string } }): Promise<string> => request.auth.subject;
  app.get('/cart', { onRequest: app.requireScope('cart:read') }, subject);
  const strict = { maxRevocationLagSeconds: 60 };
  app.get('/pay', { onRequest: app.requireScope('payment:write', strict) }, subject);
  app.get('/refund', {
    onRequest: app.requireScope('payment:write', { ...strict, maxAuthAgeSeconds: 300 }),
    handler: subject,
  });
});
afterEach(() => app.close());

async function get(
  url: string,
  { scope = 'cart:read payment:write', authTimeAgo = 0, sessionId = 'session-1' } = {},
): Promise<{ status: number; code: string | undefined; retryAfter: unknown }> {
  const claims = { auth_time: Math.floor(Date.now() / 1000) - authTimeAgo };
  const authorization = `Bearer ${issuer.mint({ scope, claims, sessionId })}`;
  const answer = await app.inject({ url, headers: { authorization } });
  const code = answer.headers['content-type']?.includes('problem') ? answer.json().code : undefined;
  return { status: answer.statusCode, code, retryAfter: answer.headers['retry-after'] };
}

const stale = { status: 503, code: 'revocations_stale', retryAfter: '1' };

describe('a service whose knowledge of revocations is old', () => {
  it('refuses on routes that set a bound, until it knows again, and carries on elsewhere', async () => {
    list.confirm();
    expect(await get('/pay')).toMatchObject({ status: 200 });
    clock.advance(61);
    expect(await get('/pay')).toEqual(stale);
    expect(await get('/cart')).toMatchObject({ status: 200 });
    list.confirm();
    expect(await get('/pay')).toMatchObject({ status: 200 });
  });

  it('lets requests in its first seconds wait until it knows, and refuses revoked tokens', async () => {
    const [early, revoked] = [get('/cart'), get('/cart', { sessionId: 'session-2' })];
    list.apply([{ kind: 'session', id: 'session-2', reason: 'sign_out' }]);
    await eventually('one key is left', () => expect(app.authClient.keySetSize).toBe(1));
    list.confirm();
    expect(await early).toMatchObject({ status: 200 });
    expect(await revoked).toMatchObject({ status: 401 });
  });

  it('has no knowledge before the first time, and lets nobody pass anywhere', async () => {
    clock.advance(6);
    list.apply([{ kind: 'session', id: 'session-2', reason: 'sign_out' }]);
    expect(await get('/pay')).toEqual(stale);
    expect(await get('/cart')).toEqual(stale);
    list.confirm();
    clock.advance(200);
    expect(await get('/cart')).toMatchObject({ status: 200 });
  });

  it('answers 503 even for a token that it has seen', async () => {
    list.confirm();
    const headers = { authorization: `Bearer ${issuer.mint({ scope: 'payment:write' })}` };
    const status = async (): Promise<number> => (await app.inject({ url: '/pay', headers })).statusCode;
    expect(await status()).toBe(200);
    clock.advance(61);
    expect(await status()).toBe(503);
    list.confirm();
    expect(await status()).toBe(200);
  });

  it('tells no caller to try again later that may not do it anyway', async () => {
    clock.advance(6);
    expect(await get('/pay')).toEqual(stale);
    expect(await get('/pay', { scope: 'cart:read' })).toMatchObject({ code: 'insufficient_scope' });
    expect(await get('/refund', { authTimeAgo: 400 })).toMatchObject({
      code: 'insufficient_user_authentication',
    });
    list.apply([{ kind: 'session', id: 'session-1', reason: 'sign_out' }]);
    expect(await get('/pay')).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(await get('/refund')).toMatchObject({ status: 401, code: 'invalid_token' });
  });

  it('does not take the wall clock for it', async () => {
    list.confirm();
    clock.step(250);
    expect(await get('/pay')).toMatchObject({ status: 200 });
  });

  it('says how old it is', async () => {
    expect(app.authClient.revocations).toMatchObject({
      lagSeconds: Number.POSITIVE_INFINITY,
      entries: 0,
      reconnects: 0,
      refusedEvents: 0,
    });
    list.apply([{ kind: 'session', id: 'session-2', reason: 'sign_out' }]);
    list.confirm();
    clock.advance(100);
    expect(app.authClient.revocations?.lagSeconds).toBeGreaterThanOrEqual(100);
    expect(app.authClient.revocations?.entries).toBe(1);
  });

  it('is not ready before it knows', async () => {
    await app.ready();
    let isReady = false;
    const waiting = app.authClient.ready().then(() => {
      isReady = true;
    });
    await eventually('one key is left', () => expect(app.authClient.keySetSize).toBe(1));
    expect(isReady).toBe(false);
    list.confirm();
    await waiting;
  });
});

describe('a bound on the age of the knowledge', () => {
  it.each<[string, unknown]>([
    ['none', { maxRevocationLagSeconds: undefined }],
    ['no time at all', { maxRevocationLagSeconds: 0 }],
    ['a fraction', { maxRevocationLagSeconds: 1.5 }],
    ['text', { maxRevocationLagSeconds: '10' }],
  ])('is refused when the route is declared: %s', (_name, options) => {
    expect(() => app.requireScope('cart:read', options as AccessOptions)).toThrow('maxRevocationLagSeconds');
  });

  it('is refused where the service follows no feed', async () => {
    const deaf = await startService(issuer);
    expect(() => deaf.app.requireScope('cart:read', { maxRevocationLagSeconds: 10 })).toThrow('revocations');
    deaf.app.requireScope('cart:read', { maxRevocationLagSeconds: null });
    await deaf.close();
  });
});
