import type { Customer, Stage } from './step.ts';

/** A person signs in once, and uses three services with one token. */
export async function oneSignIn({ tell, shop, account }: Stage): Promise<Customer> {
  const customer = account('customer');
  tell.step(`One sign-in: ${customer.username} signs in once, with user name and password`);
  const tokens = await shop.signIn(customer, tell);
  tell.check(
    'auth-service answered with one access token and one refresh token',
    tokens.refresh_token.startsWith('rt1.'),
  );

  tell.step('Three services accept that token, each on its own');
  const { access_token: token } = tokens;
  const price = { amount: 1_900, currency: 'EUR' };
  await shop.call('cart', { method: 'DELETE', path: '/cart', token });
  const cart = await shop.call(
    'cart',
    { method: 'POST', path: '/cart/items', token, json: { sku: 'mug-blue', quantity: 2, unit_price: price } },
    tell,
  );
  tell.check('cart-service put two mugs in the cart', cart.status === 201 || cart.status === 200);
  const wish = await shop.call(
    'wishlist',
    { method: 'POST', path: '/wishlist/items', token, json: { sku: 'teapot', note: 'for the winter' } },
    tell,
  );
  tell.check('wishlist-service added a teapot to the wishlist', wish.status === 201 || wish.status === 200);
  const payment = await shop.call(
    'payment',
    {
      method: 'POST',
      path: '/payments',
      token,
      headers: { 'idempotency-key': crypto.randomUUID() },
      json: {
        amount: { amount: 3_800, currency: 'EUR' },
        card: { number: '4242424242424242', exp_month: 12, exp_year: 2099, cvc: '123' },
      },
    },
    tell,
  );
  tell.check(
    'payment-service charged a test card',
    payment.status === 201 && payment.body['status'] === 'succeeded',
  );
  return { tokens };
}
