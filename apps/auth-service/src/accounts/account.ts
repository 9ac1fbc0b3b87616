import type { Role } from '../permissions/roles.ts';

/** A person. */
export type Account = {
  /** The `sub` of their tokens: opaque, and never given to another person. */
  readonly id: string;
  /** Normalised. */
  readonly username: string;
  readonly roles: readonly Role[];
  /** Counts the changes of roles. */
  readonly rolesVersion: number;
  readonly createdAt: Date;
  /** Set when the account may no longer sign in. */
  readonly disabledAt: Date | null;
  /** Null: it is the one that the account was made with. */
  readonly passwordChangedAt: Date | null;
};
