import { Type } from 'typebox';
import { roles } from '../permissions/roles.ts';
import type { Account } from './account.ts';

export const rolesSchema = Type.Array(Type.Enum(roles));

const account = { id: Type.String(), username: Type.String(), roles: rolesSchema };

/** An account as its owner sees it. */
export const accountSchema = Type.Object(account);

export const statusSchema = Type.Union([
  Type.Literal('active'),
  Type.Literal('disabled', { description: 'Cannot sign in, and has no sessions.' }),
]);

const time = Type.String({ format: 'date-time' });

/** An account as operators see it. */
export const managedAccountSchema = Type.Object({
  ...account,
  status: statusSchema,
  created_at: time,
  password_changed_at: Type.Union([time, Type.Null()], {
    description: 'Null if the password was never changed.',
  }),
});

export const accountIdSchema = Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }) });

export function accountAnswer({ id, username, roles }: Account) {
  return { id, username, roles: [...roles] };
}

export function managedAccountAnswer(account: Account) {
  return {
    ...accountAnswer(account),
    status: account.disabledAt === null ? ('active' as const) : ('disabled' as const),
    created_at: account.createdAt.toISOString(),
    password_changed_at: account.passwordChangedAt?.toISOString() ?? null,
  };
}
