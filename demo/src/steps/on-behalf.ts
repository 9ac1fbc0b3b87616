import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from './step.ts';

const card = { number: '4242424242424242', exp_month: 12, exp_year: 2099 };
const teapot = { amount: 2_400, currency: 'EUR' };
/** Large enough that payment-service requires a recent sign-in. */
const large = { amount: 60_000, currency: 'EUR' };

/** A service calls another one on the person's behalf, with the least permission that is enough. */
export async function onBehalf({ tell, shop, account }: Stage): Promise<void> {
  const { access_token: token } = await shop.signIn(account('customer'));
  const pay = (amount: object, key: string) =>
    shop.call(
      'payment',
      {
        method: 'POST',
        path: '/payments',
        token,
        headers: { 'idempotency-key': key },
        json: { amount, card: card },
      },
      tell,
    );

  tell.step('A wish moves into the cart: wishlist-service acts for the person at cart-service');
  await shop.call('cart', { method: 'DELETE', path: '/cart', token });
  const wish = await shop.call('wishlist', {
    method: 'POST',
    path: '/wishlist/items',
    token,
    json: { sku: 'teapot' },
  });
  const path = `/wishlist/items/${wish.body['id']}/move`;
  const moved = await shop.call(
    'wishlist',
    { method: 'POST', path, token, json: { unit_price: teapot } },
    tell,
  );
  const [cart, wishes] = await Promise.all([
    shop.call('cart', { path: '/cart', token }),
    shop.call('wishlist', { path: '/wishlist', token }),
  ]);
  const skusOf = (items: unknown) => (items as { sku: string }[]).map(({ sku }) => sku);
  tell.check(
    'the teapot is in the cart',
    moved.status === 200 && skusOf(cart.body['items']).includes('teapot'),
  );
  tell.check('the teapot is no longer on the wishlist', !skusOf(wishes.body['items']).includes('teapot'));

  tell.step('payment-service charges exactly the cart, which it reads on the person’s behalf');
  const mugs = { sku: 'mug-blue', quantity: 2, unit_price: { amount: 1_900, currency: 'EUR' } };
  await shop.call('cart', { method: 'POST', path: '/cart/items', token, json: mugs });
  const [total] = (await shop.call('cart', { path: '/cart', token })).body['totals'] as (typeof teapot)[];
  tell.say(`In the cart: a teapot and two mugs, ${total?.amount} cents.`);
  const newestPayment = async () => {
    const { body } = await shop.call('payment', { path: '/payments?limit=1', token });
    return (body['payments'] as { id: string }[])[0]?.id;
  };
  const before = await newestPayment();
  const agreed = await pay({ ...total, amount: 1 }, crypto.randomUUID());
  tell.check(
    'an amount that is not the cart’s total: 409 cart_changed, nothing charged',
    agreed.status === 409 && agreed.body['code'] === 'cart_changed' && (await newestPayment()) === before,
  );
  const key = crypto.randomUUID();
  const paid = await pay({ ...total }, key);
  tell.check(
    'the cart’s total: charged, and not a cent more',
    paid.body['status'] === 'succeeded' &&
      (paid.body['amount'] as typeof teapot).amount === teapot.amount + 2 * mugs.unit_price.amount,
  );
  const emptied = await shop.call('cart', { path: '/cart', token });
  tell.check('the cart is empty', (emptied.body['items'] as unknown[]).length === 0);
  const again = await pay({ ...total }, key);
  tell.check(
    'the same Idempotency-Key again: the first answer, nothing charged',
    again.headers.get('idempotency-replayed') === 'true' &&
      again.body['id'] === paid.body['id'] &&
      (await newestPayment()) === paid.body['id'],
  );

  tell.step('payment-service may claim the cart; the person may not');
  const claim = await shop.call(
    'cart',
    { method: 'PUT', path: `/cart/checkouts/${crypto.randomUUID()}`, token },
    tell,
  );
  tell.check(
    'claiming a cart requires cart:checkout, which no person’s token has: 403 insufficient_scope',
    claim.status === 403 && claim.body['code'] === 'insufficient_scope',
  );
}

/** A large payment requires a recent sign-in (RFC 9470). */
export async function stepUp({ tell, shop, account, stepUpAfterSeconds }: Stage): Promise<void> {
  tell.step('A large payment requires a recent sign-in');
  if (stepUpAfterSeconds === undefined) {
    tell.say(
      '(Skipped: on this system, the challenge comes only five minutes after a sign-in. Plain npm run demo shows it.)',
    );
    return;
  }
  const customer = account('customer');
  const { access_token: old, session_id: session } = await shop.signIn(customer);
  const item = { sku: 'samovar', quantity: 1, unit_price: large };
  await shop.call('cart', { method: 'POST', path: '/cart/items', token: old, json: item });
  const pay = (token: string) =>
    shop.call(
      'payment',
      {
        method: 'POST',
        path: '/payments',
        token,
        headers: { 'idempotency-key': 'the-samovar' },
        json: { amount: large, card: card },
      },
      tell,
    );
  await delay((stepUpAfterSeconds + 1.1) * 1000);
  const challenged = await pay(old);
  tell.check(
    'the sign-in is too old: 401 insufficient_user_authentication, with the maximum age',
    challenged.status === 401 &&
      challenged.body['code'] === 'insufficient_user_authentication' &&
      challenged.headers.get('www-authenticate')?.includes(`max_age="${stepUpAfterSeconds}"`) === true,
  );
  const renewed = await shop.call(
    'auth',
    {
      method: 'POST',
      path: '/sessions/current/reauthentication',
      token: old,
      json: { password: customer.password },
    },
    tell,
  );
  tell.check(
    'the password renews this session’s auth_time, without starting another session',
    renewed.body['session_id'] === session,
  );
  const paid = await pay(String(renewed.body['access_token']));
  tell.check(
    'with the new token, the payment succeeds',
    paid.status === 201 && paid.body['status'] === 'succeeded',
  );
}
