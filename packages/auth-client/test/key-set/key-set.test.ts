import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuthClientOptions } from '../../src/index.ts';
import {
  createSigningKey,
  createTestIssuer,
  type SigningKey,
  type TestIssuer,
} from '../../src/testing/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { audience, startService, type TestService } from '../service.ts';
import { type JwksServer, json, keySetOf, startJwksServer } from './jwks-server.ts';

let first: SigningKey;
let second: SigningKey;
let issuer: TestIssuer;
let jwks: JwksServer;
let clock: TestClock;
let service: TestService | undefined;

beforeAll(async () => {
  [first, second] = await Promise.all([createSigningKey(), createSigningKey()]);
});

beforeEach(async () => {
  clock = createTestClock();
  issuer = await createTestIssuer({ audience, signingKey: first });
  jwks = await startJwksServer(keySetOf(first));
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await jwks.close();
  await issuer.close();
});

async function start(options: Partial<AuthClientOptions> = {}): Promise<TestService> {
  service = await startService(
    { issuer: issuer.issuer, jwksUri: jwks.jwksUri },
    { options: { clock, ...options } },
  );
  return service;
}

/** A token that is valid but for its kid. */
function withUnknownKey(n: number): string {
  return issuer.mint({ scope: 'cart:read', header: { kid: `unknown-${n}` } });
}

const good = (): string => issuer.mint({ scope: 'cart:read' });
const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status;

async function expectUnavailable(response: Response): Promise<void> {
  expect(response.status).toBe(503);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(response.headers.get('www-authenticate')).toBeNull();
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await response.json()).toMatchObject({ code: 'key_set_unavailable', status: 503 });
}

describe('before the first key set has come', () => {
  it('lets a request wait for the fetch under way', async () => {
    jwks.answer(async (request, response) => {
      await sleep(300);
      keySetOf(first)(request, response);
    });
    const { cart } = await start();
    expect(await Promise.all([statusOf(cart(good())), statusOf(cart(good()))])).toEqual([200, 200]);
    expect(jwks.requests).toBe(1);
  });

  it('answers 503 once the fetch has timed out, and then without waiting', async () => {
    jwks.answer(() => {});
    const { cart, app } = await start({ jwksTimeoutMs: 300 });
    await expectUnavailable(await cart(good()));
    await expect(app.authClient.ready()).rejects.toMatchObject({ code: 'key_set_unavailable', status: 503 });
    expect(app.authClient.keySetAgeSeconds).toBe(Number.POSITIVE_INFINITY);
  });

  it('answers 503, not 401, to a token that would be refused, because it has not been checked', async () => {
    jwks.answer((_request, response) => response.writeHead(500).end());
    const { get } = await start();
    await expectUnavailable(await get('/account', 'Bearer x'));
  });

  it('tries again by itself, and recovers', async () => {
    jwks.answer((_request, response) => response.writeHead(503).end());
    const { cart, app } = await start();
    await expectUnavailable(await cart(good()));
    jwks.answer(keySetOf(first));
    await eventually('the keys are there', async () =>
      expect(
        await app.authClient.ready().then(
          () => true,
          () => false,
        ),
      ).toBe(true),
    );
    expect(await statusOf(cart(good()))).toBe(200);
  });

  it('holds a fetch that ignores its signal to the timeout', async () => {
    const { cart } = await start({ jwksTimeoutMs: 200, fetch: () => new Promise(() => {}) });
    await expectUnavailable(await cart(good()));
  });
});

describe('a kid that the set lacks', () => {
  it('causes one fetch for 500 of them, while good tokens pass without waiting', async () => {
    const { cart } = await start({ jwksTimeoutMs: 60_000 });
    expect(await statusOf(cart(good()))).toBe(200);
    let release = (): void => {};
    jwks.answer((request, response) => {
      release = () => keySetOf(first)(request, response);
    });
    const unknown = Array.from({ length: 500 }, (_, n) => statusOf(cart(withUnknownKey(n))));
    await eventually('the keys were asked for twice', () => expect(jwks.requests).toBe(2));
    // The fetch hangs. An answer that waited for it would hang too.
    const passed = await Promise.all(Array.from({ length: 50 }, () => statusOf(cart(good()))));
    expect(new Set(passed)).toEqual(new Set([200]));
    release();
    expect(new Set(await Promise.all(unknown))).toEqual(new Set([401]));
    expect(
      new Set(await Promise.all(Array.from({ length: 50 }, (_, n) => statusOf(cart(withUnknownKey(n)))))),
    ).toEqual(new Set([401]));
    expect(jwks.requests).toBe(2);
  });

  it('causes no other fetch within the cooldown, though the first failed, and one after it', async () => {
    const { cart } = await start();
    expect(await statusOf(cart(good()))).toBe(200);
    jwks.answer((_request, response) => response.writeHead(500).end());
    for (const n of [1, 2, 3]) expect(await statusOf(cart(withUnknownKey(n)))).toBe(401);
    clock.advance(25);
    expect(await statusOf(cart(withUnknownKey(4)))).toBe(401);
    expect(jwks.requests).toBe(2);
    clock.advance(6);
    expect(await statusOf(cart(withUnknownKey(5)))).toBe(401);
    expect(jwks.requests).toBe(3);
    expect(await statusOf(cart(good()))).toBe(200);
  });

  it('is found at once if the issuer has just begun to use it', async () => {
    const { cart } = await start();
    expect(await statusOf(cart(good()))).toBe(200);
    jwks.answer(keySetOf(first, second));
    const successor = await createTestIssuer({ issuer: issuer.issuer, audience, signingKey: second });
    expect(await statusOf(cart(successor.mint({ scope: 'cart:read' })))).toBe(200);
    expect(await statusOf(cart(good()))).toBe(200);
    await successor.close();
  });
});

describe('a key that the fresh set lacks', () => {
  it('is gone at once, also for tokens that are remembered, and back when the set has it again', async () => {
    const { cart, app } = await start();
    const remembered = good();
    expect(await statusOf(cart(remembered))).toBe(200);
    jwks.answer(keySetOf(second));
    expect(await statusOf(cart(withUnknownKey(1)))).toBe(401);
    expect(app.authClient.keySetSize).toBe(1);
    expect(await statusOf(cart(remembered))).toBe(401);
    expect(await statusOf(cart(good()))).toBe(401);
    jwks.answer(keySetOf(first, second));
    clock.advance(31);
    expect(await statusOf(cart(withUnknownKey(2)))).toBe(401);
    expect(await statusOf(cart(remembered))).toBe(200);
  });

  it('is gone as well if another key took its kid', async () => {
    const { cart } = await start();
    const remembered = good();
    expect(await statusOf(cart(remembered))).toBe(200);
    jwks.answer(json({ keys: [{ ...second.jwk, kid: first.kid }] }));
    expect(await statusOf(cart(withUnknownKey(1)))).toBe(401);
    expect(await statusOf(cart(remembered))).toBe(401);
  });
});

describe('a fresh set without one usable key', () => {
  it('is believed when it is empty: every token gets 503 from then on, until there are keys again', async () => {
    const { cart, app } = await start();
    const remembered = good();
    expect(await statusOf(cart(remembered))).toBe(200);
    jwks.answer(json({ keys: [] }, { cacheControl: 'max-age=1' }));
    await expectUnavailable(await cart(withUnknownKey(1)));
    expect(app.authClient.keySetSize).toBe(0);
    await expectUnavailable(await cart(remembered));
    await expectUnavailable(await cart(good()));
    await expect(app.authClient.ready()).rejects.toMatchObject({ code: 'key_set_unavailable' });
    jwks.answer(keySetOf(first));
    await eventually('the remembered key verifies', async () =>
      expect(await statusOf(cart(remembered))).toBe(200),
    );
  });

  it.each<[string, RequestListener]>([
    ['cannot be read', json('{"keys":[]')],
    ['is not 200', (_request, response) => response.writeHead(404).end('{"keys":[]}')],
    ['has no keys member', json({})],
    ['has keys that cannot be used', json({ keys: [{ kty: 'EC', kid: 'x' }] })],
    ['has one thing in it that is no key', json({ keys: [null] })],
  ])('is not believed when it %s: the keys stay', async (_what, answer) => {
    const { cart, app } = await start();
    expect(await statusOf(cart(good()))).toBe(200);
    jwks.answer(answer);
    expect(await statusOf(cart(withUnknownKey(1)))).toBe(401);
    expect(jwks.requests).toBe(2);
    expect(app.authClient.keySetSize).toBe(1);
    expect(await statusOf(cart(good()))).toBe(200);
  });
});

describe('when the issuer cannot be reached', () => {
  it('verifies on, up to the staleness bound, and then answers 503', async () => {
    const { cart, app } = await start();
    const remembered = good();
    expect(await statusOf(cart(remembered))).toBe(200);
    await jwks.close();
    clock.advance(290);
    expect(await statusOf(cart(remembered))).toBe(200);
    issuer.skew(3500);
    clock.advance(3210);
    expect(await statusOf(cart(good()))).toBe(200);
    expect(app.authClient.keySetAgeSeconds).toBeGreaterThan(3499);
    await app.authClient.ready();
    clock.advance(101);
    await expectUnavailable(await cart(good()));
    await expectUnavailable(await cart(remembered));
    await expect(app.authClient.ready()).rejects.toMatchObject({ code: 'key_set_unavailable' });
  });
});

describe('closing the service', () => {
  it('aborts the fetch under way and schedules no other', async () => {
    let aborted = false;
    jwks.answer((request) => request.once('close', () => (aborted = true)));
    const { close } = await start();
    await eventually('the keys were asked for', () => expect(jwks.requests).toBe(1));
    await close();
    service = undefined;
    await eventually('the request was aborted', () => expect(aborted).toBe(true));
    await sleep(1100);
    expect(jwks.requests).toBe(1);
  });
});
