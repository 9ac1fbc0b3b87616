/** Every permission in the shop, with the role of auth-service that gives only this permission. */
const roleOf: Readonly<Record<string, string>> = {
  'cart:read': 'cart-reader',
  'cart:write': 'cart-writer',
  'wishlist:read': 'wishlist-reader',
  'wishlist:write': 'wishlist-writer',
  'payment:read': 'payment-reader',
  'payment:write': 'payment-writer',
  'payment:refund': 'payment-refunder',
};

export const shopScopes = Object.keys(roleOf);

const customer = shopScopes.filter((scope) => scope !== 'payment:refund');
const named: Readonly<Record<string, readonly string[]>> = {
  viewer: shopScopes.filter((scope) => scope.endsWith(':read')),
  customer,
  support: shopScopes,
};

/**
 * The roles that together give exactly these permissions: one role for the whole set if there is one, else one for
 * each.
 *
 * @example rolesFor(['cart:read', 'wishlist:read', 'payment:read']); // ['viewer']
 */
export function rolesFor(scopes: readonly string[]): string[] {
  const wanted = shopScopes.filter((scope) => scopes.includes(scope));
  const fitting = Object.keys(named).find((role) => named[role]?.join() === wanted.join());
  return fitting === undefined ? wanted.flatMap((scope) => roleOf[scope] ?? []) : [fitting];
}
