import { eventually } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { encryptToken } from '../../src/jwt/index.ts';
import { decryptionKey } from '../plugin/encryption-rows.ts';
import { type Shop, type ShopOptions, startShop } from './shop.ts';

let shop: Shop;

afterEach(() => shop.close());

async function start(options?: ShopOptions): Promise<Shop> {
  shop = await startShop(options);
  return shop;
}

const settings = { scopes: ['cart:read'] };
const patient = { ...settings, timeoutMs: 10_000 };

describe('a call on the person’s behalf', () => {
  it('carries a token for the other service alone, with the scopes that it needs and who acts', async () => {
    const { call, mint, received } = await start();
    const token = mint({ subject: 'user-7', sessionId: 'session-7' });
    const answer = await call(token, { settings });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        ok: true,
        body: {
          owner: 'user-7',
          scopes: ['cart:read'],
          audience: ['cart-service'],
          actor: { subject: 'payment-service' },
          clientId: 'payment-service',
        },
      },
    });
    expect(received[0]?.authorization).not.toContain(token);
    expect(received[0]).toMatchObject({ method: 'GET', url: '/cart' });
  });

  it('exchanges what was inside a token that is encrypted to this service', async () => {
    const decryptionKeys = [decryptionKey()];
    const { call, mint, received, payment } = await start({ decryptionKeys });
    const { decryption } = payment.serviceClient.identity;
    const token = decryption ? await encryptToken(mint({ subject: 'user-7' }), decryption.publicKey) : '';
    const answer = await call(token, { settings });
    expect(answer).toMatchObject({ status: 200, body: { body: { owner: 'user-7' } } });
    expect(received).toHaveLength(1);
  });

  it('names who acted before, when the person’s token came through another service', async () => {
    const { call, mint } = await start();
    const answer = await call(mint({ claims: { act: { sub: 'wishlist-service' } } }), { settings });
    expect(answer.body.body).toMatchObject({
      actor: { subject: 'payment-service', actor: { subject: 'wishlist-service' } },
    });
  });

  it('passes on method, headers, body, trace and request id', async () => {
    const { call, mint, received } = await start();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const body = JSON.stringify({ quantity: 2 });
    const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body };
    const path = `/cart/items/${encodeURIComponent('a/b ü')}?x=1`;
    expect((await call(mint(), { settings, path, init, headers: { traceparent } })).status).toBe(200);
    expect(received[0]).toMatchObject({
      method: 'PUT',
      url: '/cart/items/a%2Fb%20%C3%BC?x=1',
      body: { quantity: 2 },
      trace: traceparent,
      requestId: expect.stringMatching(/^req-/),
    });
  });

  it('is refused for a service’s own token', async () => {
    const { call, mint, issuer, received } = await start();
    const claims = { sid: undefined, auth_time: undefined, sub: 'cart-service', client_id: 'cart-service' };
    expect((await call(mint({ claims }), { settings })).status).toBe(403);
    expect([issuer.tokenRequests, received.length]).toEqual([0, 0]);
  });
});

describe('exchanged tokens', () => {
  it('are kept for the session: fifty calls cost one exchange, and its next token none', async () => {
    const { call, mint, issuer, payment } = await start();
    const token = mint();
    for (let n = 0; n < 25; n += 1) expect((await call(token, { settings })).status).toBe(200);
    const later = mint();
    for (let n = 0; n < 25; n += 1) expect((await call(later, { settings })).status).toBe(200);
    expect(issuer.tokenRequests).toBe(1);
    expect(payment.serviceClient.counters).toEqual([
      { audience: 'cart-service', exchanges: 1, failedExchanges: 0, kept: 49, requests: 50, failures: 0 },
    ]);
    expect(payment.serviceClient.keptTokens).toBe(1);
  });

  it('are asked for once by a hundred requests at a time', async () => {
    const { call, mint, issuer, received } = await start();
    const token = mint();
    const answers = await Promise.all(Array.from({ length: 100 }, () => call(token, { settings: patient })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect([issuer.tokenRequests, received.length]).toEqual([1, 100]);
    expect(new Set(received.map(({ authorization }) => authorization)).size).toBe(1);
  });

  it.each<[string, Parameters<Shop['mint']>[0]]>([
    ['another person', { subject: 'user-2' }],
    ['another session', { sessionId: 'session-2' }],
    ['fewer scopes', { scope: 'cart:read' }],
    ['another client', { clientId: 'latchkey-cli' }],
    ['an older sign-in', { claims: { auth_time: 1_700_000_000 } }],
    ['another way of signing in', { claims: { acr: 'urn:example:password' } }],
    ['another service in between', { claims: { act: { sub: 'wishlist-service' } } }],
  ])('are not shared with %s', async (_name, overrides) => {
    const { call, mint, issuer, received } = await start();
    expect((await call(mint(), { settings })).status).toBe(200);
    expect((await call(mint(overrides), { settings })).status).toBe(200);
    expect(issuer.tokenRequests).toBe(2);
    expect(received[0]?.authorization).not.toBe(received[1]?.authorization);
  });

  it('never widen the permissions of a narrower token of the same session', async () => {
    const { call, mint } = await start();
    const writing = { scopes: ['cart:write'] };
    expect((await call(mint(), { settings: writing })).status).toBe(200);
    const answer = await call(mint({ scope: 'cart:read' }), { settings: writing });
    expect(answer).toMatchObject({ status: 403, error: { code: 'hop_refused', outcome: 'not_sent' } });
  });

  it('are kept apart by the scopes of the call, in whatever order', async () => {
    const { call, mint, issuer } = await start();
    const token = mint();
    for (const scopes of [['cart:read'], ['cart:read', 'cart:write'], ['cart:write', 'cart:read'], []])
      expect((await call(token, { settings: { scopes } })).status).toBe(200);
    expect(issuer.tokenRequests).toBe(3);
  });

  it('are not used in their last 15 s', async () => {
    const { call, mint, issuer, clock } = await start();
    const token = mint();
    await call(token, { settings });
    clock.advance(270);
    await call(token, { settings });
    expect(issuer.tokenRequests).toBe(1);
    clock.advance(16);
    clock.step(-286);
    await call(mint(), { settings });
    expect(issuer.tokenRequests).toBe(2);
  });

  it('live no longer than the token that came in, and are kept for half of a short life', async () => {
    const { call, mint, issuer, clock } = await start();
    const token = mint({ lifetimeSeconds: 28 });
    await call(token, { settings });
    clock.advance(1);
    clock.step(-1);
    await call(token, { settings });
    expect(issuer.tokenRequests).toBe(1);
    clock.advance(13);
    clock.step(-13);
    await call(token, { settings });
    expect(issuer.tokenRequests).toBe(2);
  });

  it('are never more than the bound', async () => {
    const { call, mint, payment, issuer } = await start({ client: { keptTokensMax: 3 } });
    const of = (n: number): string => mint({ subject: `user-${n}`, sessionId: `session-${n}` });
    for (let n = 0; n < 5; n += 1) await call(of(n), { settings });
    expect(payment.serviceClient.keptTokens).toBe(3);
    await call(of(2), { settings });
    expect(issuer.tokenRequests).toBe(5);
    await call(of(5), { settings });
    await call(of(2), { settings });
    expect(issuer.tokenRequests).toBe(6);
    await call(of(3), { settings });
    expect(issuer.tokenRequests).toBe(7);
  });
});

describe('a session that was ended', () => {
  it('loses the tokens that were kept for it, and none of others', async () => {
    const { call, mint, issuer, payment } = await start();
    const [mine, theirs] = [mint(), mint({ subject: 'user-2', sessionId: 'session-2' })];
    for (const scopes of [['cart:read'], ['cart:write']]) await call(mine, { settings: { scopes } });
    await call(theirs, { settings });
    issuer.endSession('session-1');
    expect((await call(mine, { settings })).status).toBe(200);
    payment.serviceClient.forgetSession('session-1');
    expect(payment.serviceClient.keptTokens).toBe(1);
    const answer = await call(mine, { settings });
    expect(answer).toMatchObject({ status: 401, error: { code: 'hop_refused', hop: 'cart-service' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="payment-service", error="invalid_token"');
    expect((await call(theirs, { settings })).status).toBe(200);
    expect(issuer.tokenRequests).toBe(4);
  });

  it('loses a token that was on its way', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { call, mint, payment, received, issuer } = await start({
      client: {
        async fetch(input, init) {
          const response = await globalThis.fetch(input, init);
          if (String(input).endsWith('/token')) await held;
          return response;
        },
      },
    });
    const calling = call(mint(), { settings });
    await eventually('one token was asked for', () => expect(issuer.tokenRequests).toBe(1));
    payment.serviceClient.forgetSession('session-1');
    release();
    expect(await calling).toMatchObject({ status: 401, error: { code: 'hop_refused', outcome: 'not_sent' } });
    expect(received).toEqual([]);
    expect(payment.serviceClient.keptTokens).toBe(0);
    expect((await call(mint(), { settings })).status).toBe(200);
  });
});

describe('what the policy says', () => {
  const policy = {
    'cart-service': {
      scopes: ['cart:read'],
      actorScopes: { 'cart:checkout': { requires: ['payment:write'] } },
    },
  };

  it('gives the actor’s own scope where the person has what it requires', async () => {
    const { call, mint } = await start({ policy });
    const checkout = { scopes: ['cart:read', 'cart:checkout'] };
    const answer = await call(mint(), { settings: checkout });
    expect(answer.body.body).toMatchObject({ scopes: ['cart:checkout', 'cart:read'] });
    const poor = await call(mint({ scope: 'cart:read' }), { settings: checkout });
    expect(poor).toMatchObject({ status: 403, error: { code: 'hop_refused' } });
  });

  it('is all that a client without scopes gets', async () => {
    const { call, mint } = await start({ policy });
    expect((await call(mint())).body.body).toMatchObject({ scopes: ['cart:read', 'cart:checkout'] });
  });

  it('refuses the rest, and says no more than that', async () => {
    const { call, mint, received } = await start({ policy });
    const answer = await call(mint(), { settings: { scopes: ['cart:write'] } });
    expect(answer).toMatchObject({
      status: 403,
      error: { code: 'hop_refused', reason: 'token exchange: invalid_scope' },
    });
    expect(JSON.stringify(answer.body)).not.toContain('invalid_scope');
    expect(received).toEqual([]);
  });

  it('stops a chain of more than two', async () => {
    const { call, mint } = await start();
    const act = { sub: 'a-service', act: { sub: 'b-service' } };
    expect((await call(mint({ claims: { act } }), { settings })).error).toMatchObject({
      code: 'hop_refused',
    });
  });
});
