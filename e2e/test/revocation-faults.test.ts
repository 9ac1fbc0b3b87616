import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { evictUntil } from '@latchkey/dev-stack/testing';
import { refreshing, send, signingOut, type Tokens } from '@latchkey/person';
import { type NetworkLink, startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type System, signIn, startSystem } from './system.ts';
import { acceptedEverywhere, expectRefusedForGood, verdictsOn } from './verdicts.ts';

const maxLagSeconds = 2;

let system: System;
/** Between auth-service's feed and each service that listens to it. */
const lines: NetworkLink[] = [];

beforeAll(async () => {
  system = await startSystem(async ({ auth }) => {
    const lineTo = async () => {
      const line = await startNetworkLink(auth);
      lines.push(line);
      return { REVOCATIONS_URI: `${line.url.replace(/\/$/, '')}/revocations` };
    };
    const [cart, wishlist] = [await lineTo(), await lineTo()];
    const payment = { ...(await lineTo()), REVOCATION_MAX_LAG_SECONDS: String(maxLagSeconds) };
    // Often enough that payment-service's list never becomes older than its limit.
    return {
      auth: {
        REVOCATION_HEARTBEAT_MS: '500',
        INTERNAL_URLS: [auth, ...lines.map(({ url }) => new URL(url).origin)].join(),
      },
      cart,
      wishlist,
      payment,
    };
  });
});
afterAll(async () => {
  await system.stop();
  await Promise.all(lines.map((line) => line.close()));
});

const restoreLines = () => Promise.all(lines.map((line) => line.restore()));
const verdicts = ({ access_token: token }: Tokens) => verdictsOn(system.stack, token);

async function signOut({ access_token: token }: Tokens): Promise<void> {
  expect((await send(system.stack.services.auth.url, signingOut(token))).status).toBe(204);
}

/** A payment with an empty body: 400 means that the token was accepted. */
async function tryToPay({ access_token: token }: Tokens): Promise<number> {
  const { url } = system.stack.services.payment;
  return (await send(url, { method: 'POST', path: '/payments', token })).status;
}

describe.each<{ fault: string; cut: () => Promise<unknown>; restore: () => Promise<unknown> }>([
  { fault: 'is cut', cut: () => Promise.all(lines.map((line) => line.cut())), restore: restoreLines },
  {
    fault: 'is silent',
    cut: async () => lines.map((line) => line.freeze()),
    restore: restoreLines,
  },
])('a connection to the feed that $fault', ({ cut, restore }) => {
  it('does not affect carts and stops payments, which recover by themselves; no token that was revoked meanwhile passes', async () => {
    const [kept, ended] = [await signIn(system.stack), await signIn(system.stack)];
    expect(await verdicts(ended)).toEqual(acceptedEverywhere);
    await eventually('payment-service serves', async () => expect(await tryToPay(kept)).toBe(400));

    await cut();
    await signOut(ended);
    await eventually('payment-service refuses, since it does not know what was revoked', async () =>
      expect(await tryToPay(kept)).toBe(503),
    );
    expect(await verdicts(kept)).toEqual(acceptedEverywhere);
    // The services cannot know of a revocation before the feed tells them.
    expect(await verdicts(ended)).toEqual({ ...acceptedEverywhere, auth: 401 });

    await restore();
    await eventually('payment-service serves again', async () => expect(await tryToPay(kept)).toBe(400));
    await expectRefusedForGood(system.stack, ended.access_token);
    expect(await verdicts(kept)).toEqual(acceptedEverywhere);
  });
});

describe('auth-service killed', () => {
  it('takes no knowledge from a service, and is followed again when it is back', async () => {
    const [kept, ended] = [await signIn(system.stack), await signIn(system.stack)];
    await signOut(ended);
    await expectRefusedForGood(system.stack, ended.access_token);
    const { auth, cart } = system.stack.services;
    await auth.kill();
    await eventually('payment-service refuses, since it does not know what was revoked', async () =>
      expect(await tryToPay(kept)).toBe(503),
    );
    expect(await verdictsAtShop(ended)).toEqual(refusedAtShop);
    expect(await verdictsAtShop(kept)).toEqual({ cart: 200, wishlist: 200, payment: 200 });

    await auth.start();
    await eventually('payment-service serves again', async () => expect(await tryToPay(kept)).toBe(400));
    await expectRefusedForGood(system.stack, ended.access_token);
    // A service that starts only now learns of it too.
    await cart.kill();
    await cart.start();
    await expectRefusedForGood(system.stack, ended.access_token);
    expect(await verdicts(kept)).toEqual(acceptedEverywhere);
  });
});

describe('Redis with the policy of a cache', () => {
  it('evicts the stream of revocations: a signed-out token passes nowhere, also not at a service that starts afterwards', async () => {
    const [kept, ended] = [await signIn(system.stack), await signIn(system.stack)];
    await signOut(ended);
    await expectRefusedForGood(system.stack, ended.access_token);
    const { redis, services } = system.stack;
    // By the shortest remaining TTL first: the stream's is shorter than those of the sessions.
    const client = new Redis(redis.url);
    await evictUntil(redis.url, 'volatile-ttl', async () => (await client.exists('{0}:revocations')) === 0);
    client.disconnect();
    await services.cart.kill();
    await services.cart.start();
    await expectRefusedForGood(system.stack, ended.access_token);
    // Other revocations may be lost, so all earlier tokens are refused. The sessions go on.
    await expectRefusedForGood(system.stack, kept.access_token);
    const answer = await send(services.auth.url, refreshing(kept.refresh_token));
    expect(answer.status).toBe(200);
    const fresh = answer.body as Tokens;
    await eventually('the new token is good everywhere', async () => {
      expect(await verdicts(fresh)).toEqual(acceptedEverywhere);
    });
  });
});

describe('Redis killed', () => {
  it('and back with its data: revoked tokens stay revoked, also for a service that starts later', async () => {
    const [kept, ended] = [await signIn(system.stack), await signIn(system.stack)];
    await signOut(ended);
    await expectRefusedForGood(system.stack, ended.access_token);
    const { redis, services } = system.stack;
    await redis.kill();
    await eventually('payment-service refuses, since it does not know what was revoked', async () =>
      expect(await tryToPay(kept)).toBe(503),
    );
    expect(await verdictsAtShop(ended)).toEqual(refusedAtShop);
    await redis.restart();
    await eventually('payment-service serves again', async () => expect(await tryToPay(kept)).toBe(400));
    await services.cart.kill();
    await services.cart.start();
    await expectRefusedForGood(system.stack, ended.access_token);
    expect(await verdicts(kept)).toEqual(acceptedEverywhere);
  });

  it('and back without its data: every session is lost, and every earlier token is refused', async () => {
    const [lost, ended] = [await signIn(system.stack), await signIn(system.stack)];
    await signOut(ended);
    await expectRefusedForGood(system.stack, ended.access_token);
    const { redis, services } = system.stack;
    await redis.kill();
    await rm(join(system.directory, 'redis'), { recursive: true, force: true });
    // A token from the second in which the new data set begins would not count as older than it.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await redis.restart();
    await expectRefusedForGood(system.stack, lost.access_token);
    await services.cart.kill();
    await services.cart.start();
    await expectRefusedForGood(system.stack, ended.access_token);
    const fresh = await signIn(system.stack);
    expect(await verdicts(fresh)).toEqual(acceptedEverywhere);
    await eventually('payment-service serves the new token', async () =>
      expect(await tryToPay(fresh)).toBe(400),
    );
  });
});

const refusedAtShop = { cart: 401, wishlist: 401, payment: 401 };

/** The answers of the services that do not need auth-service or its store. */
async function verdictsAtShop({ access_token: token }: Tokens): Promise<object> {
  const { cart, wishlist, payment } = system.stack.services;
  return {
    cart: (await send(cart.url, { path: '/cart', token })).status,
    wishlist: (await send(wishlist.url, { path: '/wishlist', token })).status,
    payment: (await send(payment.url, { path: '/payments', token })).status,
  };
}
