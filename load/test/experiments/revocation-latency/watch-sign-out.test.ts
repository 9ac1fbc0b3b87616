import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Door, watchSignOut } from '../../../src/experiments/revocation-latency/watch-sign-out.ts';

/** A session, and services that learn of its end after this many milliseconds. */
function sessionWith(lagsMs: Readonly<Record<string, number>>) {
  let endedAtMs = Number.POSITIVE_INFINITY;
  const doors = Object.entries(lagsMs).map(
    ([service, lagMs]): Door => ({
      service,
      async ask() {
        await delay(1);
        return performance.now() >= endedAtMs + lagMs ? 401 : 200;
      },
    }),
  );
  const signOut = async (): Promise<void> => {
    endedAtMs = performance.now();
  };
  return { doors, token: 'token', signOut };
}

describe('watching a sign-out', () => {
  it('measures from its answer to the first refusal at each service', async () => {
    const began = performance.now();
    const { latencyMs, wronglyAccepted } = await watchSignOut(sessionWith({ cart: 50, wishlist: 250 }));
    const tookMs = performance.now() - began;
    const [cart = 0, wishlist = 0] = [latencyMs.get('cart'), latencyMs.get('wishlist')];
    expect(cart).toBeGreaterThanOrEqual(49);
    expect(wishlist).toBeGreaterThanOrEqual(249);
    expect(wishlist).toBeGreaterThan(cart);
    expect(wishlist).toBeLessThan(tookMs);
    expect(wronglyAccepted).toBe(0);
  });

  it('reads 0 where the refusal came before the answer', async () => {
    const session = sessionWith({ cart: 0 });
    const signOut = () => session.signOut().then(() => delay(100));
    expect((await watchSignOut({ ...session, signOut })).latencyMs.get('cart')).toBe(0);
  });

  it('counts requests that pass after a refusal', async () => {
    const answers = [200, 401, 200, 401, 200, 200].values();
    const ask = async () => {
      await delay(5);
      return answers.next().value ?? 401;
    };
    const watched = await watchSignOut({
      doors: [{ service: 'cart', ask }],
      token: 't',
      signOut: async () => {},
    });
    expect(watched.wronglyAccepted).toBe(3);
  });

  it('gives up on a service that never refuses, and on one that answers neither', async () => {
    const deaf = sessionWith({ cart: Number.POSITIVE_INFINITY });
    await expect(watchSignOut({ ...deaf, maxMs: 50 })).rejects.toThrow('accepted a token for 50 ms');
    const away: Door = { service: 'cart', ask: async () => 503 };
    await expect(watchSignOut({ ...deaf, doors: [away] })).rejects.toThrow('cart-service answered 503');
  });
});
