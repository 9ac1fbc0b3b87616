import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { docker } from '../docker.ts';
import { compose, containers, get, signIn, urls } from '../system.ts';
import { startTraffic } from '../traffic.ts';

const routes = {
  'cart-service': `${urls.cart}/cart`,
  'wishlist-service': `${urls.wishlist}/wishlist`,
  'payment-service': `${urls.payment}/payments`,
  'auth-service': `${urls.auth}/account`,
};

describe('SIGTERM under light load fails no request', () => {
  it.each(Object.entries(routes))('when the only replica of %s restarts', async (service, url) => {
    const { access_token: token } = await signIn();
    const headers = { authorization: `Bearer ${token}` };
    // Connections that are kept alive, as browsers do, and connections for one request each.
    const kept = startTraffic(() => fetch(url, { headers }));
    const fresh = startTraffic(() => get(url, token), { workers: 2 });
    await delay(500);
    await compose('restart', service);
    await delay(500);
    const outcomes = [await kept.stop(), await fresh.stop()];
    const sent = outcomes.reduce((sum, outcome) => sum + outcome.sent, 0);
    const slowest = Math.max(...outcomes.map(({ slowestMs }) => slowestMs));
    console.log(`restart of ${service}: ${sent} requests, the slowest ${(slowest / 1000).toFixed(1)} s`);
    expect(outcomes.flatMap(({ failures }) => failures)).toEqual([]);
    expect(sent).toBeGreaterThan(50);
  });

  it('when one of two replicas stops for good', async () => {
    await compose('up', '--wait', '--scale', 'cart-service=2', 'cart-service');
    const { access_token: token } = await signIn();
    const headers = { authorization: `Bearer ${token}` };
    const traffic = startTraffic(() => fetch(routes['cart-service'], { headers }));
    await delay(500);
    const [first] = await containers('cart-service');
    await docker('stop', first?.Id ?? '');
    await delay(500);
    const { sent, failures, slowestMs } = await traffic.stop();
    console.log(`one of two replicas stops: ${sent} requests, the slowest ${slowestMs.toFixed(0)} ms`);
    expect(failures).toEqual([]);
    expect(sent).toBeGreaterThan(50);
    await compose('up', '--wait', '--scale', 'cart-service=1');
  });
});
