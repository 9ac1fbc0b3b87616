import type { Role } from '../permissions/roles.ts';

/** A person's account. */
export type Account = {
  /** The `sub` of the person's tokens: opaque, and never reused. */
  readonly id: string;
  /** Normalised. */
  readonly username: string;
  readonly roles: readonly Role[];
  /** The number of role changes so far. */
  readonly rolesVersion: number;
  readonly createdAt: Date;
  /** False for somebody who only signs in at other providers. */
  readonly hasPassword: boolean;
  /** Null unless the account is disabled. */
  readonly disabledAt: Date | null;
  /** Null if the password was never changed. */
  readonly passwordChangedAt: Date | null;
};
