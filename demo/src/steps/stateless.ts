import type { Stage } from './step.ts';

const requests = 300;

/** Services verify tokens without asking auth-service, so they go on while it is down. */
export async function stateless({ tell, shop, account, auth }: Stage): Promise<void> {
  tell.step('Session lookups per request');
  const { access_token: token } = await shop.signIn(account('customer'));
  const before = await requestsServedByAuth(shop);
  for (let sent = 0; sent < requests / 3; sent++) {
    await Promise.all([
      shop.call('cart', { path: '/cart', token }),
      shop.call('wishlist', { path: '/wishlist', token }),
      shop.call('payment', { path: '/payments', token }),
    ]);
  }
  const asked = (await requestsServedByAuth(shop)) - before;
  tell.say(`${requests} requests to three services.`);
  tell.check(`auth-service was asked about a token ${asked} times`, asked === 0);

  if (auth === undefined) {
    tell.say('(Skipped: the demo cannot stop auth-service on this system. Plain npm run demo shows it.)');
    return;
  }
  tell.step('auth-service stops');
  await auth.stop();
  const answers = await Promise.all([
    shop.call('cart', { path: '/cart', token }, tell),
    shop.call('wishlist', { path: '/wishlist', token }, tell),
    shop.call('payment', { path: '/payments', token }, tell),
  ]);
  tell.check(
    'all three services still verify tokens and answer',
    answers.every((answer) => answer.status === 200),
  );
  await auth.start();
  const back = await shop.signIn(account('customer'), tell);
  tell.check('auth-service is back, and the customer signs in again', back.access_token.length > 0);
}

/**
 * How many requests about a token auth-service has answered, by its own metrics. It leaves out fetching keys, opening
 * the revocation feed, and fetching the token that the feed needs.
 */
async function requestsServedByAuth(shop: Stage['shop']): Promise<number> {
  const text = await shop.metrics('auth');
  return [...text.matchAll(/^http_request_duration_seconds_count\{(.*)\} (\d+)$/gm)]
    .filter(
      ([, labels]) =>
        !/route="(\/metrics|\/ready|\/live|\/\.well-known\/[^"]*|\/revocations|\/token)"/.test(labels ?? ''),
    )
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}
