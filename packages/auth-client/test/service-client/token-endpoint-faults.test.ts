import { eventually } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createShops, scopes, settings } from './faults-fixture.ts';

const shops = createShops();
afterEach(() => shops.close());

describe('the token endpoint', () => {
  const jsonServer = (status: number, body: unknown): Promise<string> =>
    shops.serverThat((_request, response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    );
  const good = {
    access_token: 'abc',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 300,
  };

  it.each<[string, number, unknown, number, string]>([
    ['that is out of order', 500, {}, 503, 'hop_unavailable'],
    ['that is too busy', 429, {}, 503, 'hop_unavailable'],
    ['that is out of reach behind a proxy', 503, 'x', 503, 'hop_unavailable'],
    ['that knows nothing of exchange', 400, { error: 'unsupported_grant_type' }, 502, 'hop_failed'],
    ['that answers with a page', 404, 'x', 502, 'hop_failed'],
    ['whose error is no code', 400, { error: 'Oops! <b>' }, 502, 'hop_failed'],
    ['that refuses the target', 400, { error: 'invalid_target' }, 403, 'hop_refused'],
    ['that refuses the scope', 400, { error: 'invalid_scope' }, 403, 'hop_refused'],
    ['that finds the session ended', 400, { error: 'invalid_grant' }, 401, 'hop_refused'],
    ['that answers nothing', 200, {}, 502, 'hop_failed'],
    ['that gives no bearer token', 200, { ...good, token_type: 'N_A' }, 502, 'hop_failed'],
    ['that gives another kind of token', 200, { ...good, issued_token_type: 'x' }, 502, 'hop_failed'],
    ['whose token would split a header', 200, { ...good, access_token: 'a\r\nb' }, 502, 'hop_failed'],
    ['whose token has expired', 200, { ...good, expires_in: 0 }, 502, 'hop_failed'],
    ['that does not say how long', 200, { ...good, expires_in: '300' }, 502, 'hop_failed'],
    ['that gives less than was asked for', 200, { ...good, scope: 'cart:write' }, 403, 'hop_refused'],
  ])('%s', async (_name, status, body, expectedStatus, code) => {
    const tokenEndpoint = await jsonServer(status, body);
    const { call, mint, received } = await shops.start({ client: { tokenEndpoint } });
    const answer = await call(mint(), { settings });
    expect(answer.status).toBe(expectedStatus);
    expect(answer.error).toMatchObject({ code, outcome: 'not_sent', hop: 'cart-service' });
    expect(answer.error?.reason).toMatch(/^token exchange: [a-z0-9_ ]+$/);
    expect(received).toEqual([]);
  });

  it('that hangs up is asked once more, with another client assertion', async () => {
    const assertions: (string | null)[] = [];
    const { call, mint, payment } = await shops.start({
      client: {
        fetch: async (input, init) => {
          if (!String(input).endsWith('/token')) return fetch(input, init);
          assertions.push(new URLSearchParams(init?.body as URLSearchParams).get('client_assertion'));
          const answer = await fetch(input, init);
          if (assertions.length > 1) return answer;
          // It has done it, and used the assertion up.
          throw new TypeError('fetch failed', { cause: new Error('other side closed') });
        },
      },
    });
    expect((await call(mint(), { settings })).status).toBe(200);
    expect(new Set(assertions).size).toBe(2);
    expect(payment.serviceClient.counters[0]).toMatchObject({ exchanges: 1, failedExchanges: 0 });
  });

  it('that is dead makes the hop unavailable, until it is back', async () => {
    let dead = true;
    const { call, mint, payment } = await shops.start({
      client: {
        fetch: (input, init) => {
          const isExchange = String(input).endsWith('/token');
          return isExchange && dead ? Promise.reject(new TypeError('fetch failed')) : fetch(input, init);
        },
      },
    });
    expect(await call(mint(), { settings })).toMatchObject({
      status: 503,
      error: { code: 'hop_unavailable', outcome: 'not_sent', reason: 'token exchange: unreachable' },
    });
    expect(payment.serviceClient.counters[0]).toMatchObject({
      exchanges: 1,
      failedExchanges: 1,
      failures: 1,
      requests: 0,
    });
    dead = false;
    expect((await call(mint(), { settings })).status).toBe(200);
  });

  it.each([
    ['by its own time', { exchangeTimeoutMs: 300 }, 60_000],
    ['by the time of the call', { exchangeTimeoutMs: 60_000 }, 300],
  ])('that is slow is given up %s', async (_name, client, timeoutMs) => {
    const tokenEndpoint = await shops.serverThat(() => {});
    const { call, mint, payment } = await shops.start({ client: { ...client, tokenEndpoint } });
    await payment.serviceClient.identity.ready();
    expect(await call(mint(), { settings: { scopes, timeoutMs } })).toMatchObject({
      status: 504,
      error: { code: 'hop_timeout', outcome: 'not_sent' },
    });
  });

  it('that does not know our key yet is asked again a second later', async () => {
    let onAnswer = () => {};
    const { call, mint, issuer, payment } = await shops.start({
      client: {
        async fetch(input, init) {
          const answer = await fetch(input, init);
          if (String(input).endsWith('/token')) onAnswer();
          return answer;
        },
      },
    });
    await payment.serviceClient.identity.ready();
    // Makes the issuer cache the keys of the service that used this address before.
    const { jwksUri } = issuer;
    const own = `${payment.listeningOrigin}/.well-known/jwks.json`;
    issuer.addClient('payment-service', { jwksUri });
    onAnswer = () => issuer.addClient('payment-service', { jwksUri: own });
    expect((await call(mint(), { settings })).status).toBe(200);
    expect(issuer.tokenRequests).toBe(2);
  });

  it('that still does not know our key is a fault of ours, for which the person can do nothing', async () => {
    const { call, mint, issuer, payment, clock } = await shops.start();
    issuer.addClient('payment-service', { jwksUri: issuer.jwksUri });
    await payment.serviceClient.identity.ready();
    clock.advance(7);
    clock.step(-7);
    expect(await call(mint(), { settings })).toMatchObject({
      status: 503,
      error: { code: 'hop_unavailable', reason: 'token exchange: invalid_client' },
    });
    expect(issuer.tokenRequests).toBe(1);
  });
});

describe('an identity that cannot be published', () => {
  it('makes hops unavailable, and is published once the store is back', async () => {
    let broken = true;
    const kept = new Map();
    const identityStore = {
      put: async (key: { kid: string }) => {
        if (broken) throw new Error('no database');
        kept.set(key.kid, key);
      },
      list: async () => [...kept.values()],
    };
    const { call, mint, payment } = await shops.start({ identityStore });
    expect(await call(mint(), { settings })).toMatchObject({
      status: 503,
      error: { code: 'hop_unavailable', reason: 'identity_unavailable', outcome: 'not_sent' },
    });
    await expect(payment.serviceClient.identity.ready()).rejects.toMatchObject({
      code: 'identity_unavailable',
    });
    broken = false;
    await eventually('the call goes through once the key is published', async () =>
      expect((await call(mint(), { settings })).status).toBe(200),
    );
  });
});
