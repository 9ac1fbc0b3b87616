import { knownServices, type Role, type Scope } from '@latchkey/services';
import { personScopes } from './resource-servers.ts';

export type { Role };

const rolesOfScope = new Map(
  knownServices.flatMap(({ scopes }) => Object.entries(scopes) as [Scope, readonly Role[]][]),
);

/** The roles of the shop, and then one for each permission, for combinations that those do not offer. */
export const roles: readonly Role[] = [
  ...new Set<Role>(['viewer', 'customer', 'support', 'admin', ...[...rolesOfScope.values()].flat()]),
];

export function isRole(name: string): name is Role {
  return roles.some((role) => role === name);
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
  const held = parseRoles(roles);
  if (held.includes('admin')) return [...personScopes];
  return personScopes.filter((scope) => rolesOfScope.get(scope)?.some((role) => held.includes(role)));
}

/**
 * Checks role names from outside, and removes duplicates.
 *
 * @throws RangeError naming the first unknown role and the known roles
 */
export function parseRoles(names: readonly string[]): Role[] {
  return [...new Set(names)].map((name) => {
    if (isRole(name)) return name;
    throw new RangeError(`There is no role ${JSON.stringify(name)}. Roles: ${roles.join(', ')}.`);
  });
}
