import { setTimeout as delay } from 'node:timers/promises';
import type { Tokens } from '@latchkey/person';
import { timeRefusals } from '../stopwatch.ts';
import type { Stage } from './step.ts';

/** Rotates the signing key under traffic, without a refused request. Returns tokens signed by the old key. */
export async function rotateKeys({ tell, shop, account }: Stage): Promise<Tokens> {
  tell.step('The signing key rotates while requests flow');
  const admin = await shop.signIn(account('admin'), tell);
  const customer = await shop.signIn(account('customer'));
  const traffic = startTraffic(shop, customer.access_token);

  tell.say('The next key was published earlier, so every service knows it before it signs.');
  tell.request('POST', 'auth-service /keys/rotation');
  const rotated = await untilRotated(shop, admin.access_token);
  tell.answer(`${rotated.status} ${JSON.stringify(rotated.body)}`);
  const fresh = await shop.signIn(account('customer'), tell);
  tell.check(
    'new tokens are signed with the new key',
    kidOf(fresh.access_token) !== kidOf(customer.access_token),
  );
  traffic.add(fresh.access_token);
  await traffic.more(100);

  const { sent, refused } = await traffic.stop();
  tell.check(`${sent} requests with tokens of both keys, ${refused} refused`, refused === 0 && sent > 50);
  return customer;
}

/** The old key has leaked, and is revoked: services refuse every token that it signed, and no others. */
export async function revokeKey(stage: Stage, signedByIt: Tokens): Promise<void> {
  const { tell, shop, account } = stage;
  tell.step('The old key has leaked, and is revoked');
  const admin = (await shop.signIn(account('admin'))).access_token;
  const fresh = await shop.signIn(account('customer'), tell);
  const token = signedByIt.access_token;
  const path = `/keys/${kidOf(token)}`;
  await timeRefusals(stage, {
    token,
    revoke: () => shop.call('auth', { method: 'DELETE', path, token: admin }, tell),
  });
  const other = await shop.call('cart', { path: '/cart', token: fresh.access_token }, tell);
  tell.check('tokens of the new key pass', other.status === 200);
  const refreshed = await shop.refresh(signedByIt.refresh_token, tell);
  tell.check('the session goes on: its refresh brings a token of the new key', refreshed.status === 200);
}

/** Sends a request to each of two services every few milliseconds, with each token in turn. */
function startTraffic(shop: Stage['shop'], token: string) {
  const tokens = [token];
  let running = true;
  let sent = 0;
  let refused = 0;
  const worker = async (service: 'cart' | 'wishlist') => {
    for (let turn = 0; running; turn++) {
      const { status } = await shop.call(service, {
        path: `/${service}`,
        token: tokens[turn % tokens.length] as string,
      });
      sent += 1;
      if (status !== 200) refused += 1;
      await delay(5);
    }
  };
  const workers = [worker('cart'), worker('wishlist')];
  return {
    add: (another: string) => void tokens.push(another),
    /** Waits until `requests` more requests have been answered. */
    async more(requests: number) {
      for (const enough = sent + requests; sent < enough; ) await delay(20);
    },
    async stop() {
      running = false;
      await Promise.all(workers);
      return { sent, refused };
    },
  };
}

/** auth-service refuses the rotation with 409 until the next key has been published for long enough. */
async function untilRotated(shop: Stage['shop'], token: string) {
  for (;;) {
    const answer = await shop.call('auth', { method: 'POST', path: '/keys/rotation', token });
    if (answer.status !== 409) return answer;
    await delay(Number(answer.headers.get('retry-after') ?? 1) * 1000);
  }
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}
