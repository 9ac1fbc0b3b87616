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
  // One permission each, for combinations that the roles above do not offer.
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
 * Returns the scopes that these roles allow together, in the order of SCOPES. Scopes are not stored with accounts, so a
 * change of a role applies to everybody who has it.
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
 * Checks role names from outside, and removes duplicates.
 *
 * @throws RangeError naming the first unknown role and the known roles
 */
export function parseRoles(names: readonly string[]): Role[] {
  return [...new Set(names)].map((name) => {
    if (isRole(name)) return name;
    throw new RangeError(`There is no role ${JSON.stringify(name)}. Roles: ${ROLES.join(', ')}.`);
  });
}
