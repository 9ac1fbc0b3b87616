import type { Customer, Stage } from './step.ts';

/** The verdicts that a service reaches by itself: signature, audience, scope. */
export async function verdicts({ tell, shop, account }: Stage, { tokens }: Customer): Promise<void> {
  tell.step('Without a token, and with an edited one');
  const bare = await shop.call('cart', { path: '/cart' }, tell);
  tell.check(
    'no token: 401 with a bare challenge (RFC 6750 §3)',
    bare.status === 401 && !bare.headers.get('www-authenticate')?.includes('error='),
  );
  const edited = await shop.call('cart', { path: '/cart', token: withMoreScope(tokens.access_token) }, tell);
  tell.check('an edited claim: 401, the signature does not match', edited.status === 401);

  tell.step('A token that is for other services');
  const narrow = await shop.signIn({ ...account('customer'), scope: 'cart:read' }, tell);
  const cartOnly = narrow.access_token;
  tell.check('signing in for cart:read alone gives a token for cart-service', narrow.scope === 'cart:read');
  const read = await shop.call('cart', { path: '/cart', token: cartOnly }, tell);
  tell.check('cart-service accepts it', read.status === 200);
  const foreign = await shop.call('payment', { path: '/payments', token: cartOnly }, tell);
  tell.check('payment-service refuses it: 401, its audience is cart-service alone', foreign.status === 401);

  tell.step('A permission that a person lacks');
  const viewer = await shop.signIn(account('viewer'), tell);
  tell.say(`granted: ${viewer.scope}`);
  const json = { sku: 'mug-blue', quantity: 1, unit_price: { amount: 1_900, currency: 'EUR' } };
  const write = await shop.call(
    'cart',
    { method: 'POST', path: '/cart/items', token: viewer.access_token, json },
    tell,
  );
  tell.check(
    'a viewer cannot fill a cart: 403 insufficient_scope, naming cart:write',
    write.status === 403 && write.headers.get('www-authenticate')?.includes('scope="cart:write"') === true,
  );
}

/** Adds a scope to the claims and keeps the signature. */
function withMoreScope(token: string): string {
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  claims.scope += ' payment:refund';
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}
