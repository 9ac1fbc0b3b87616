import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from './step.ts';

/** The signing key changes under traffic, and nobody notices. */
export async function rotateKeys({ tell, shop, account }: Stage): Promise<void> {
  tell.step('The signing key rotates while requests flow');
  const admin = await shop.signIn(account('admin'), tell);
  const customer = await shop.signIn(account('customer'));
  const traffic = startTraffic(shop, customer.access_token);

  const published = await shop.call('auth', '/keys/rotation', { method: 'POST', token: admin.access_token }, tell);
  tell.check('the next key is published, and does not sign yet', published.status < 300);
  const activated = await untilActivated(shop, admin.access_token);
  tell.request('POST', '/keys/rotation, once every service has had time to fetch it');
  tell.answer(String(activated.status));
  const fresh = await shop.signIn(account('customer'), tell);
  tell.check('tokens are signed with the new key', kidOf(fresh.access_token) !== kidOf(customer.access_token));
  await Promise.all((['cart', 'wishlist'] as const).map((service) => shop.call(service, `/${service}`, { token: fresh.access_token })));

  const { sent, refused } = await traffic.stop();
  tell.check(`${sent} requests flowed meanwhile, ${refused} were refused`, refused === 0 && sent > 50);
}

/** A request every 10 ms to each of two services, with a token of the old key and later ones of the new. */
function startTraffic(shop: Stage['shop'], token: string) {
  let running = true;
  let sent = 0;
  let refused = 0;
  const worker = async (service: 'cart' | 'wishlist') => {
    while (running) {
      const { status } = await shop.call(service, `/${service}`, { token });
      sent += 1;
      if (status !== 200) refused += 1;
      await delay(10);
    }
  };
  const workers = [worker('cart'), worker('wishlist')];
  return {
    async stop() {
      running = false;
      await Promise.all(workers);
      return { sent, refused };
    },
  };
}

async function untilActivated(shop: Stage['shop'], token: string) {
  for (;;) {
    const answer = await shop.call('auth', '/keys/rotation', { method: 'POST', token });
    if (answer.status !== 409) return answer;
    await delay(Number(answer.headers.get('retry-after') ?? 1) * 1000);
  }
}

function kidOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}
