import { eventually } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createRevocationList, type Revocation, type RevocationList } from '../../src/index.ts';
import { newCounters } from '../../src/service-client/counters.ts';
import { DelegatedTokens, type Delegation } from '../../src/service-client/delegated-tokens.ts';
import type { IssuedToken } from '../../src/service-client/token-endpoint.ts';
import type { UserAuthentication } from '../../src/token/authentication.ts';
import { createTestClock } from '../clock.ts';
import { type Shop, startShop } from './shop.ts';

let shop: Shop | undefined;

afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

const settings = { scopes: ['cart:read'] };
const now = Math.floor(Date.now() / 1000);

describe('what is revoked is forgotten', () => {
  it('as the feed tells it: the kept token is not used again', async () => {
    shop = await startShop({ revocations: 'feed' });
    const { call, mint, issuer, payment, received } = shop;
    await payment.authClient.ready();
    const [mine, theirs] = [mint(), mint({ subject: 'user-2', sessionId: 'session-2' })];
    for (const token of [mine, theirs]) expect((await call(token, { settings })).status).toBe(200);
    expect(payment.serviceClient.keptTokens).toBe(2);
    issuer.revoke({ kind: 'session', id: 'session-1', reason: 'sign_out' });
    await eventually('one token is kept', () => expect(payment.serviceClient.keptTokens).toBe(1));
    expect((await call(mine, { settings })).status).toBe(401);
    expect((await call(theirs, { settings })).status).toBe(200);
    // payment-service refused the person's token itself, and requested no exchange.
    expect([received.length, issuer.tokenRequests]).toEqual([3, 2]);
  });

  it.each<[string, Revocation, number]>([
    ['a session', { kind: 'session', id: 'session-1', reason: 'x' }, 2],
    ['a person', { kind: 'subject', id: 'user-1', before: now + 3600, reason: 'x' }, 1],
    [
      'a client that people sign in with',
      { kind: 'client', id: 'storefront', before: now + 3600, reason: 'x' },
      2,
    ],
    ['this service', { kind: 'client', id: 'payment-service', before: now + 3600, reason: 'x' }, 0],
    ['another service', { kind: 'client', id: 'wishlist-service', before: now + 3600, reason: 'x' }, 3],
    ['a key', { kind: 'key', id: 'any', reason: 'x' }, 0],
    ['everything', { kind: 'all', before: now + 3600, reason: 'x' }, 0],
    ['one token, which others of its session outlive', { kind: 'token', id: 'any', reason: 'x' }, 3],
  ])('of %s: %j, %i of three are left', async (_name, revocation, left) => {
    const list: RevocationList = createRevocationList({ retentionSeconds: 330 });
    list.confirm();
    shop = await startShop({ revocations: list });
    const { call, mint, payment } = shop;
    const tokens = [
      mint({ sessionId: 'session-1' }),
      mint({ sessionId: 'session-2' }),
      mint({ subject: 'user-2', sessionId: 'session-3', clientId: 'storefront' }),
    ];
    for (const token of tokens) expect((await call(token, { settings })).status).toBe(200);
    list.apply([revocation]);
    expect(payment.serviceClient.keptTokens).toBe(left);
    await payment.close();
    // No listener is left.
    list.apply([{ kind: 'all', before: now + 7200, reason: 'x' }]);
    expect(payment.serviceClient.keptTokens).toBe(left);
  });
});

describe('a token that is on its way during a revocation', () => {
  const person = {
    subject: 'user-1',
    sessionId: 'session-1',
    clientId: 'storefront',
    tokenId: 'token-1',
    keyId: 'key-1',
  };

  /** A token for this person whose exchange is in progress. */
  function underWay(issuedAt: number) {
    const exchanging = Promise.withResolvers<IssuedToken>();
    const tokens = new DelegatedTokens({
      exchange: () => exchanging.promise,
      clientId: 'payment-service',
      clock: createTestClock(),
      max: 10,
    });
    const user = { ...person, issuedAt, authTime: 1, scopes: new Set() } as unknown as UserAuthentication;
    const counters = newCounters('cart-service');
    const delegation: Delegation = {
      user,
      subjectToken: 'a',
      audience: 'cart-service',
      scopes: [],
      headers: {},
      counters,
    };
    return {
      tokens,
      token: tokens.get(delegation),
      arrive: () => exchanging.resolve({ accessToken: 'b', expiresInSeconds: 300, isBound: false }),
    };
  }

  it.each<[string, Revocation]>([
    ['its session', { kind: 'session', id: 'session-1', reason: 'x' }],
    ['the person’s token', { kind: 'token', id: 'token-1', reason: 'x' }],
    ['the key that signed the person’s token', { kind: 'key', id: 'key-1', reason: 'x' }],
    ['the person, later than the token', { kind: 'subject', id: 'user-1', before: 101, reason: 'x' }],
    ['the client, later than the token', { kind: 'client', id: 'storefront', before: 101, reason: 'x' }],
    ['everything, later than the token', { kind: 'all', before: 101, reason: 'x' }],
  ])('is not used: %s', async (_name, revocation) => {
    const { tokens, token, arrive } = underWay(100);
    tokens.forget(revocation);
    arrive();
    await expect(token).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(tokens.size).toBe(0);
  });

  it.each<[string, Revocation]>([
    ['another session', { kind: 'session', id: 'session-2', reason: 'x' }],
    ['another token', { kind: 'token', id: 'token-2', reason: 'x' }],
    ['another key', { kind: 'key', id: 'key-2', reason: 'x' }],
    ['the person, before the token', { kind: 'subject', id: 'user-1', before: 100, reason: 'x' }],
    ['the client, before the token', { kind: 'client', id: 'storefront', before: 100, reason: 'x' }],
    ['everything, before the token', { kind: 'all', before: 100, reason: 'x' }],
  ])('is used: %s', async (_name, revocation) => {
    const { tokens, token, arrive } = underWay(100);
    tokens.forget(revocation);
    arrive();
    expect(await token).toMatchObject({ accessToken: 'b' });
    expect(tokens.size).toBe(1);
  });
});

describe('kept tokens of many people', () => {
  it('are forgotten one session or one person at a time, without looking at the others', async () => {
    const people = 2000;
    const tokens = new DelegatedTokens({
      exchange: async () => ({ accessToken: 'b', expiresInSeconds: 300, isBound: false }),
      clientId: 'payment-service',
      clock: createTestClock(),
      max: people,
    });
    const counters = newCounters('cart-service');
    const common = { subjectToken: 'a', audience: 'cart-service', scopes: [], headers: {}, counters };
    for (let n = 0; n < people; n += 1) {
      const named = {
        subject: `user-${n}`,
        sessionId: `session-${n}`,
        clientId: 'storefront',
        tokenId: 't',
        keyId: 'k',
      };
      const user = { ...named, issuedAt: 1, authTime: 1, scopes: new Set() } as unknown as UserAuthentication;
      await tokens.get({ ...common, user });
    }
    for (let n = 0; n < people; n += 2) {
      tokens.forget({ kind: 'session', id: `session-${n}`, reason: 'x' });
      tokens.forget({ kind: 'subject', id: `user-${n + 1}`, before: 1, reason: 'x' });
      expect(tokens.size).toBe(people - n - 2);
    }
  });
});
