import { SCOPES, type Scope } from './resource-servers.ts';

const SCOPES_OF_ROLE = {
  viewer: ['cart:read', 'wishlist:read', 'payment:read'],
  customer: ['cart:read', 'cart:write', 'wishlist:read', 'wishlist:write', 'payment:read', 'payment:write'],
  support: [
    'cart:read',
    'cart:write',
    'wishlist:read',
    'wishlist:write',
    'payment:read',
    'payment:write',
    'payment:refund',
  ],
  admin: SCOPES,
  // One permission each, for whoever is to have another set of them than the roles above.
  'cart-reader': ['cart:read'],
  'cart-writer': ['cart:write'],
  'wishlist-reader': ['wishlist:read'],
  'wishlist-writer': ['wishlist:write'],
  'payment-reader': ['payment:read'],
  'payment-writer': ['payment:write'],
  'payment-refunder': ['payment:refund'],
} as const satisfies Record<string, readonly Scope[]>;

export type Role = keyof typeof SCOPES_OF_ROLE;

export const ROLES = Object.keys(SCOPES_OF_ROLE) as Role[];

export function isRole(name: string): name is Role {
  return Object.hasOwn(SCOPES_OF_ROLE, name);
}

/**
 * The scopes that roles allow together, in the order of SCOPES. Scopes are never stored: a role that changes its
 * meaning changes it for everybody.
 *
 * @throws RangeError for a role that this version does not know
 * @example
 * scopesOf(['viewer']); // ['cart:read', 'wishlist:read', 'payment:read']
 */
export function scopesOf(roles: readonly string[]): Scope[] {
  const allowed = new Set(parseRoles(roles).flatMap((role): readonly Scope[] => SCOPES_OF_ROLE[role]));
  return SCOPES.filter((scope) => allowed.has(scope));
}

/**
 * Checks role names that come from outside, and drops repetitions.
 *
 * @throws RangeError naming the first that is unknown, and those that are known
 */
export function parseRoles(names: readonly string[]): Role[] {
  return [...new Set(names)].map((name) => {
    if (isRole(name)) return name;
    throw new RangeError(`There is no role ${JSON.stringify(name)}. Roles: ${ROLES.join(', ')}.`);
  });
}
