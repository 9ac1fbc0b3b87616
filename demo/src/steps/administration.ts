import { randomUUID } from 'node:crypto';
import { signingOut, type Tokens } from '@latchkey/person';
import { timeRefusals } from '../stopwatch.ts';
import type { Stage } from './step.ts';

const password = 'amber-kettle-window-58';

/**
 * An administrator changes an account's roles, then disables it. Its tokens are refused at once, and a refresh brings
 * the new scopes.
 */
export async function rolesAndAccounts(stage: Stage): Promise<void> {
  const { tell, shop, account } = stage;
  tell.step('Changed roles, and a disabled account');
  // A new account, so that this changes no existing one.
  const username = `demo-${randomUUID().slice(0, 8)}`;
  const registered = await shop.call('auth', {
    method: 'POST',
    path: '/accounts',
    json: { username, password },
  });
  const id = String(registered.body['id']);
  const before = await shop.signIn({ username, password }, tell);
  const admin = (await shop.signIn(account('admin'))).access_token;

  await timeRefusals(stage, {
    token: before.access_token,
    revoke: () =>
      shop.call(
        'auth',
        { method: 'PUT', path: `/accounts/${id}/roles`, token: admin, json: { roles: ['viewer'] } },
        tell,
      ),
  });
  const after = (await shop.refresh(before.refresh_token, tell)).body as Tokens;
  tell.check(
    'the session goes on, and the next refresh brings the new scopes',
    !after.scope.includes('cart:write'),
  );
  const line = { sku: 'mug-blue', quantity: 1, unit_price: { amount: 1900, currency: 'EUR' } };
  const token = after.access_token;
  const write = await shop.call('cart', { method: 'POST', path: '/cart/items', token, json: line }, tell);
  tell.check('cart-service refuses what the roles no longer allow: insufficient_scope', write.status === 403);
  const read = await shop.call('cart', { path: '/cart', token }, tell);
  tell.check('cart-service serves what they still allow', read.status === 200);

  await timeRefusals(stage, {
    token,
    revoke: () =>
      shop.call(
        'auth',
        { method: 'PUT', path: `/accounts/${id}/status`, token: admin, json: { status: 'disabled' } },
        tell,
      ),
  });
  await shop.call('auth', signingOut(admin));
}
