import { expect, test } from 'vitest';
import { rolesFor, shopScopes } from '../../src/demo/role-rules.ts';

test.each([
  [['payment:read', 'wishlist:read', 'cart:read'], ['viewer']],
  [shopScopes, ['support']],
  [shopScopes.filter((scope) => scope !== 'payment:refund'), ['customer']],
  [[], []],
  [['cart:read'], ['cart-reader']],
  [
    ['payment:refund', 'cart:write'],
    ['cart-writer', 'payment-refunder'],
  ],
])('%j is given by %j', (scopes, roles) => {
  expect(rolesFor(scopes)).toEqual(roles);
});
