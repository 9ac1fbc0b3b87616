import type { Stage } from './step.ts';

const REQUESTS = 300;

/** No service asks anybody about a token, so it makes no difference to them whether auth-service is there. */
export async function stateless({ tell, shop, account, auth }: Stage): Promise<void> {
  tell.step('Session lookups per request');
  const { access_token: token } = await shop.signIn(account('customer'));
  const before = await requestsServedByAuth(shop);
  for (let sent = 0; sent < REQUESTS / 3; sent++) {
    await Promise.all([
      shop.call('cart', '/cart', { token }),
      shop.call('wishlist', '/wishlist', { token }),
      shop.call('payment', '/payments', { token }),
    ]);
  }
  const asked = (await requestsServedByAuth(shop)) - before;
  tell.say(`${REQUESTS} requests to three services.`);
  tell.check(`auth-service was asked about a token ${asked} times`, asked === 0);

  if (auth === undefined) {
    tell.say('(In a system of its own the demo stops auth-service here: the others verify and serve on.)');
    return;
  }
  tell.step('auth-service stops');
  await auth.stop();
  const answers = await Promise.all([
    shop.call('cart', '/cart', { token }, tell),
    shop.call('wishlist', '/wishlist', { token }, tell),
    shop.call('payment', '/payments', { token }, tell),
  ]);
  tell.check(
    'all three services still verify and serve',
    answers.every((answer) => answer.status === 200),
  );
  await auth.start();
  const back = await shop.signIn(account('customer'), tell);
  tell.check('auth-service is back, and signs in again', back.access_token.length > 0);
}

/**
 * How many requests auth-service has answered that could say something about a token, by its own metrics. Fetching keys
 * does not count, nor opening the line by which services hear what is revoked, and asking for the token for that.
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
