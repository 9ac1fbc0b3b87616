import { parseRoles, type Role } from '../permissions/roles.ts';
import { unknownRole } from './refusals.ts';

/** As parseRoles, but throws ProblemError 400 `unknown_role`. */
export function rolesOr400(names: readonly string[]): Role[] {
  try {
    return parseRoles(names);
  } catch (error) {
    throw error instanceof RangeError ? unknownRole(error) : error;
  }
}
