import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Shop, type ShopOptions, startShop } from './shop.ts';

let shop: Shop;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await shop.close();
});

async function start(options?: ShopOptions): Promise<Shop> {
  shop = await startShop(options);
  return shop;
}

/** An address where nobody listens any more. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** A server that does this to each connection's requests. */
async function serverThat(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const scopes = ['cart:read'];
// Patient: a busy machine is no fault of the other service.
const settings = { scopes, timeoutMs: 20_000 };
const put = { method: 'PUT' };
const post = { method: 'POST' };

describe('a hop that is dead', () => {
  it('is unavailable, and certainly did nothing', async () => {
    const { call, mint } = await start({ cartUrl: await deadUrl() });
    const { status, error, headers } = await call(mint(), { settings, init: post });
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    expect(error).toMatchObject({
      code: 'hop_unavailable',
      hop: 'cart-service',
      outcome: 'not_sent',
      extensions: { hop: 'cart-service' },
      message: 'cart-service cannot be reached. Try again shortly.',
    });
  });

  it.each([
    ['gets a second attempt if doing it twice is doing it once', put, 2],
    ['gets no second attempt otherwise, and may have done it', post, 1],
  ])('when it hangs up: %s', async (_name, init, attempts) => {
    let requests = 0;
    const cartUrl = await serverThat((request) => {
      requests += 1;
      request.socket.destroy();
    });
    const { call, mint } = await start({ cartUrl });
    expect((await call(mint(), { settings, init })).error).toMatchObject({
      code: 'hop_unavailable',
      outcome: 'unknown',
    });
    expect(requests).toBe(attempts);
  });

  it('is forgiven one hang-up', async () => {
    let requests = 0;
    const cartUrl = await serverThat((request, response) => {
      requests += 1;
      if (requests === 1) request.socket.destroy();
      else response.end('{}');
    });
    const { call, mint } = await start({ cartUrl });
    expect((await call(mint(), { settings, init: put })).status).toBe(200);
  });
});

describe('a hop that is slow', () => {
  it.each([
    ['to answer', () => {}],
    [
      'to end its answer',
      (_request: unknown, response: { write(text: string): void }) => response.write('{"a":'),
    ],
  ])('%s is given up after the time for the whole call', async (_name, answer) => {
    const { call, mint } = await start({ cartUrl: await serverThat(answer as never) });
    await shop.payment.serviceClient.identity.ready();
    const before = performance.now();
    const { status, error } = await call(mint(), { settings: { scopes, timeoutMs: 400 } });
    expect(status).toBe(504);
    expect(error).toMatchObject({ code: 'hop_timeout', outcome: 'unknown' });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('to be reached, because of the exchange, fails those alone who cannot wait for it', async () => {
    const { call, mint, issuer } = await start({
      client: {
        async fetch(input, init) {
          if (String(input).endsWith('/token')) await sleep(700);
          return globalThis.fetch(input, init);
        },
      },
    });
    await shop.payment.serviceClient.identity.ready();
    const token = mint();
    const [hasty, patient] = await Promise.all([
      call(token, { settings: { scopes, timeoutMs: 300 } }),
      call(token, { settings: { scopes, timeoutMs: 5000 } }),
    ]);
    expect(hasty.error).toMatchObject({ code: 'hop_timeout', outcome: 'not_sent' });
    expect(patient.status).toBe(200);
    expect([issuer.tokenRequests, shop.received.length]).toEqual([1, 1]);
  });
});

describe('a hop that answers 401', () => {
  it('is asked once more with a fresh token, and nobody notices', async () => {
    const { call, mint, cart, received, issuer } = await start();
    const token = mint();
    await call(token, { settings });
    let refusals = 1;
    cart.gate = (_request, reply) => {
      refusals -= 1;
      return refusals >= 0 ? reply.code(401).send({}) : undefined;
    };
    const answer = await call(token, { settings, init: post });
    expect(answer.status).toBe(200);
    expect(issuer.tokenRequests).toBe(2);
    expect(new Set(received.map(({ authorization }) => authorization)).size).toBe(2);
  });

  it('costs one exchange for all whom it answers so at a time', async () => {
    const { call, mint, cart, issuer } = await start();
    const token = mint();
    await call(token, { settings });
    const old = shop.received[0]?.authorization;
    cart.gate = (request, reply) =>
      request.headers.authorization === old ? reply.code(401).send({}) : undefined;
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(token, { settings })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(issuer.tokenRequests).toBe(2);
  });

  it('and again is an error of ours, not of the user’s', async () => {
    const { call, mint, cart, received } = await start();
    cart.gate = (_request, reply) =>
      reply.code(401).header('www-authenticate', 'Bearer error="invalid_token"').send({});
    const { status, error, headers } = await call(mint(), { settings });
    expect(status).toBe(502);
    expect(error).toMatchObject({ code: 'hop_failed', outcome: 'refused' });
    expect(headers['www-authenticate']).toBeUndefined();
    expect(received.length).toBe(2);
  });

  it('because of the sign-in’s age is passed on to the user, and asked once', async () => {
    const { call, mint, cart, received, issuer } = await start();
    cart.gate = (_request, reply) =>
      reply
        .code(401)
        .header(
          'www-authenticate',
          'Bearer realm="cart-service", error="insufficient_user_authentication", error_description="x", max_age="300"',
        )
        .send({ secret: 'of the cart' });
    const { status, error, headers } = await call(mint(), { settings });
    expect(status).toBe(401);
    expect(error).toMatchObject({ code: 'insufficient_user_authentication', outcome: 'refused' });
    expect(headers['www-authenticate']).toBe(
      'Bearer realm="payment-service", error="insufficient_user_authentication", max_age="300"',
    );
    expect([received.length, issuer.tokenRequests]).toEqual([1, 1]);
  });
});

describe('what a hop answers', () => {
  it.each([200, 201, 204, 400, 404, 409, 410, 412, 422])('is the handler’s to judge: %i', async (status) => {
    const { call, mint, cart } = await start();
    cart.answer = (_request, reply) => reply.code(status).send(status === 204 ? undefined : { code: 'x' });
    const answer = await call(mint(), { settings });
    expect(answer.error).toBeUndefined();
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ ok: status < 300, body: status === 204 ? '' : { code: 'x' } });
  });

  it.each<[number, number, string, string]>([
    [302, 502, 'hop_failed', 'unknown'],
    [403, 403, 'hop_refused', 'refused'],
    [408, 504, 'hop_timeout', 'unknown'],
    [429, 503, 'hop_unavailable', 'refused'],
    [500, 502, 'hop_failed', 'unknown'],
    [502, 502, 'hop_failed', 'unknown'],
    [503, 503, 'hop_unavailable', 'unknown'],
    [504, 504, 'hop_timeout', 'unknown'],
  ])(
    'is an error that names it, and says nothing of what it said: %i',
    async (given, status, code, outcome) => {
      const { call, mint, cart } = await start();
      const secret = 'pg: password authentication failed for user "cart"';
      cart.answer = (_request, reply) =>
        reply.code(given).headers({ location: '/elsewhere', 'retry-after': '7' }).send({ detail: secret });
      const answer = await call(mint(), { settings });
      expect(answer.status).toBe(status);
      expect(answer.error).toMatchObject({ code, outcome, hop: 'cart-service', reason: `answered ${given}` });
      expect(JSON.stringify(answer.body)).not.toContain('pg:');
      expect(answer.headers['retry-after']).toBe(status === 503 ? '7' : undefined);
    },
  );

  it('is not taken when it is longer than 1 MB', async () => {
    const { call, mint, cart } = await start();
    cart.answer = (_request, reply) => reply.send('x'.repeat(1024 * 1024 + 1));
    expect((await call(mint(), { settings })).error).toMatchObject({
      code: 'hop_failed',
      reason: 'answer too long',
    });
  });
});

describe('the token endpoint', () => {
  const jsonServer = (status: number, body: unknown, headers = {}): Promise<string> =>
    serverThat((_request, response) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body)),
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
    const { call, mint, received } = await start({ client: { tokenEndpoint } });
    const answer = await call(mint(), { settings });
    expect(answer.status).toBe(expectedStatus);
    expect(answer.error).toMatchObject({ code, outcome: 'not_sent', hop: 'cart-service' });
    expect(answer.error?.reason).toMatch(/^token exchange: [a-z0-9_ ]+$/);
    expect(received).toEqual([]);
  });

  it('that is dead makes the hop unavailable, until it is back', async () => {
    let dead = true;
    const { call, mint } = await start({
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
    expect(shop.payment.serviceClient.counters[0]).toMatchObject({
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
    const tokenEndpoint = await serverThat(() => {});
    const { call, mint } = await start({ client: { ...client, tokenEndpoint } });
    await shop.payment.serviceClient.identity.ready();
    const before = performance.now();
    expect(await call(mint(), { settings: { scopes, timeoutMs } })).toMatchObject({
      status: 504,
      error: { code: 'hop_timeout', outcome: 'not_sent' },
    });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('that does not know our key yet is asked again a second later', async () => {
    const { call, mint, issuer } = await start();
    await shop.payment.serviceClient.identity.ready();
    // Fetches the key set of whoever answered at that address before us.
    const { jwksUri } = issuer;
    const own = `${shop.payment.listeningOrigin}/.well-known/jwks.json`;
    issuer.addClient('payment-service', { jwksUri });
    const calling = call(mint(), { settings: { scopes, timeoutMs: 10_000 } });
    await vi.waitUntil(() => issuer.tokenRequests === 1, 10_000);
    setTimeout(() => issuer.addClient('payment-service', { jwksUri: own }), 500);
    expect((await calling).status).toBe(200);
    expect(issuer.tokenRequests).toBe(2);
  });

  it('that does not know our key after all is a fault of ours, for which the user can do nothing', async () => {
    const { call, mint, issuer } = await start();
    issuer.addClient('payment-service', { jwksUri: issuer.jwksUri });
    await shop.payment.serviceClient.identity.ready();
    shop.clock.advance(7);
    shop.clock.step(-7);
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
    const { call, mint } = await start({ identityStore });
    expect(await call(mint(), { settings })).toMatchObject({
      status: 503,
      error: { code: 'hop_unavailable', reason: 'identity_unavailable', outcome: 'not_sent' },
    });
    await expect(shop.payment.serviceClient.identity.ready()).rejects.toMatchObject({
      code: 'identity_unavailable',
    });
    broken = false;
    await expect
      .poll(async () => (await call(mint(), { settings })).status, { timeout: 5000, interval: 250 })
      .toBe(200);
  });
});
