import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createShops, scopes, settings } from './faults-fixture.ts';

const shops = createShops();
afterEach(() => shops.close());

/** No process listens on this port, and the system assigns it to none. fetch itself refuses port 1. */
const deadUrl = 'http://127.0.0.1:2';

const put = { method: 'PUT' };
const post = { method: 'POST' };
const keyed = { method: 'POST', headers: { 'Idempotency-Key': 'the-same' } };

describe('a hop that is dead', () => {
  it('is unavailable, and certainly did nothing', async () => {
    const { call, mint } = await shops.start({ cartUrl: deadUrl });
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
    ['gets a second attempt if the request has a key by which to know it again', keyed, 2],
    ['gets no second attempt otherwise, and may have done it', post, 1],
  ])('when it hangs up: %s', async (_name, init, attempts) => {
    let requests = 0;
    const cartUrl = await shops.serverThat((request) => {
      requests += 1;
      request.socket.destroy();
    });
    const { call, mint } = await shops.start({ cartUrl });
    expect((await call(mint(), { settings, init })).error).toMatchObject({
      code: 'hop_unavailable',
      outcome: 'unknown',
    });
    expect(requests).toBe(attempts);
  });

  it('is called again after one hang-up', async () => {
    let requests = 0;
    const cartUrl = await shops.serverThat((request, response) => {
      requests += 1;
      if (requests === 1) request.socket.destroy();
      else response.end('{}');
    });
    const { call, mint } = await shops.start({ cartUrl });
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
    let isSlow = false;
    const cartUrl = await shops.serverThat((request, response) => {
      if (isSlow) answer(request, response);
      else response.end('{}');
    });
    const { call, mint } = await shops.start({ cartUrl });
    const token = mint();
    // The exchanged token is kept, so that the time is that of the hop.
    expect((await call(token, { settings })).status).toBe(200);
    isSlow = true;
    const { status, error } = await call(token, { settings: { scopes, timeoutMs: 2_000 } });
    expect(status).toBe(504);
    expect(error).toMatchObject({ code: 'hop_timeout', outcome: 'unknown' });
  });

  it('because of the exchange fails only the callers that cannot wait for it', async () => {
    const { call, mint, issuer, payment, received } = await shops.start({
      client: {
        async fetch(input, init) {
          if (String(input).endsWith('/token')) await sleep(700);
          return globalThis.fetch(input, init);
        },
      },
    });
    await payment.serviceClient.identity.ready();
    const token = mint();
    const [hasty, patient] = await Promise.all([
      call(token, { settings: { scopes, timeoutMs: 300 } }),
      call(token, { settings }),
    ]);
    expect(hasty.error).toMatchObject({ code: 'hop_timeout', outcome: 'not_sent' });
    expect(patient.status).toBe(200);
    expect([issuer.tokenRequests, received.length]).toEqual([1, 1]);
  });
});

describe('a hop that answers 401', () => {
  it('is asked once more with a fresh token, and nobody notices', async () => {
    const { call, mint, cart, received, issuer } = await shops.start();
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

  it('causes one exchange for all calls that it answers so at a time', async () => {
    const { call, mint, cart, issuer, received } = await shops.start();
    const token = mint();
    await call(token, { settings });
    const old = received[0]?.authorization;
    cart.gate = (request, reply) =>
      request.headers.authorization === old ? reply.code(401).send({}) : undefined;
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(token, { settings })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(issuer.tokenRequests).toBe(2);
  });

  it('twice is an error of ours, not of the person’s', async () => {
    const { call, mint, cart, received } = await shops.start();
    cart.gate = (_request, reply) =>
      reply.code(401).header('www-authenticate', 'Bearer error="invalid_token"').send({});
    const { status, error, headers } = await call(mint(), { settings });
    expect(status).toBe(502);
    expect(error).toMatchObject({ code: 'hop_failed', outcome: 'refused' });
    expect(headers['www-authenticate']).toBeUndefined();
    expect(received.length).toBe(2);
  });

  it('because of the sign-in’s age is passed on to the person, and asked once', async () => {
    const { call, mint, cart, received, issuer } = await shops.start();
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

describe('the answer of a hop', () => {
  it.each([200, 201, 204, 400, 404, 409, 410, 412, 422])('is the handler’s to judge: %i', async (status) => {
    const { call, mint, cart } = await shops.start();
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
    'is an error that names the hop, and repeats nothing of its answer: %i',
    async (given, status, code, outcome) => {
      const { call, mint, cart } = await shops.start();
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
    const { call, mint, cart } = await shops.start();
    cart.answer = (_request, reply) => reply.send('x'.repeat(1024 * 1024 + 1));
    expect((await call(mint(), { settings })).error).toMatchObject({
      code: 'hop_failed',
      reason: 'answer too long',
    });
  });
});
