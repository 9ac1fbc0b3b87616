import { send } from '@latchkey/person';
import { describe, it } from 'vitest';
import { docker } from '../docker.ts';
import { compose, containers, get, signIn, urls } from '../system.ts';
import { expectNoneLost, startTraffic } from '../traffic.ts';

const routes = {
  'cart-service': `${urls.cart}/cart`,
  'wishlist-service': `${urls.wishlist}/wishlist`,
  'payment-service': `${urls.payment}/payments`,
  'auth-service': `${urls.auth}/account`,
};

/** Keeps connections alive, as browsers do. */
async function keeping(url: string) {
  const { access_token: token } = await signIn();
  return { token, kept: () => send(url, { path: '', token }) };
}

describe('SIGTERM under light load fails no request', () => {
  it.each(Object.entries(routes))('when the only replica of %s restarts', async (service, url) => {
    const { token, kept } = await keeping(url);
    const fresh = () => get(url, token);
    await expectNoneLost(async () => {
      const traffic = startTraffic(kept, kept, kept, kept, fresh, fresh);
      await traffic.more(60);
      await compose('restart', service);
      await traffic.more(60);
      return traffic.stop();
    });
  });

  it('when one of two replicas stops for good', async () => {
    const { kept } = await keeping(routes['cart-service']);
    await expectNoneLost(async () => {
      await compose('up', '--wait', '--no-deps', '--scale', 'cart-service=2', 'cart-service');
      const traffic = startTraffic(kept, kept, kept, kept);
      await traffic.more(60);
      const [first] = await containers('cart-service');
      await docker('stop', first?.Id ?? '');
      await traffic.more(60);
      return traffic.stop();
    });
  });
});
