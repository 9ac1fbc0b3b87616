import { setTimeout as delay } from 'node:timers/promises';
import type { Tokens } from '../shop.ts';
import { timeRefusals } from '../stopwatch.ts';
import type { Stage } from './step.ts';

/** The signing key changes under traffic, and nobody notices. Returns tokens that the key of before has signed. */
export async function rotateKeys({ tell, shop, account }: Stage): Promise<Tokens> {
  tell.step('The signing key rotates while requests flow');
  const admin = await shop.signIn(account('admin'), tell);
  const customer = await shop.signIn(account('customer'));
  const traffic = startTraffic(shop, customer.access_token);

  tell.say('The next key has been published for a while, so every service knows it before it signs.');
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

/** The key of before has leaked, and is revoked: every token that it signed dies, and no other. */
export async function revokeKey(stage: Stage, signedByIt: Tokens): Promise<void> {
  const { tell, shop, account } = stage;
  tell.step('The key of before has leaked, and is revoked');
  const admin = (await shop.signIn(account('admin'))).access_token;
  const fresh = await shop.signIn(account('customer'), tell);
  const token = signedByIt.access_token;
  const path = `/keys/${kidOf(token)}`;
  await timeRefusals(stage, {
    token,
    revoke: () => shop.call('auth', path, { method: 'DELETE', token: admin }, tell),
  });
  const other = await shop.call('cart', '/cart', { token: fresh.access_token }, tell);
  tell.check('tokens of the other key pass', other.status === 200);
  const refreshed = await shop.refresh(signedByIt.refresh_token, tell);
  tell.check('the session lives: its refresh brings a token of the other key', refreshed.status === 200);
}

/** A request every few milliseconds to each of two services, with each of the tokens in turn. */
function startTraffic(shop: Stage['shop'], token: string) {
  const tokens = [token];
  let running = true;
  let sent = 0;
  let refused = 0;
  const worker = async (service: 'cart' | 'wishlist') => {
    for (let turn = 0; running; turn++) {
      const { status } = await shop.call(service, `/${service}`, {
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
    /** Waits until so many more have been answered, however long that takes on this machine. */
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

/** Rotating is refused with 409 until the next key has been published for long enough. */
async function untilRotated(shop: Stage['shop'], token: string) {
  for (;;) {
    const answer = await shop.call('auth', '/keys/rotation', { method: 'POST', token });
    if (answer.status !== 409) return answer;
    await delay(Number(answer.headers.get('retry-after') ?? 1) * 1000);
  }
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}
