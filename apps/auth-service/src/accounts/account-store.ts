import { and, eq } from 'drizzle-orm';
import { accounts, type Database } from '../database/schema.ts';
import type { Account } from './account.ts';
import { parseRoles, type Role } from './roles.ts';

export type NewAccount = {
  readonly id: string;
  readonly username: string;
  readonly passwordHash: string;
  readonly roles: readonly Role[];
};

export type AccountStore = ReturnType<typeof createAccountStore>;

/** The accounts in Postgres. User names come in normalised. */
export function createAccountStore(options: { readonly db: Database; readonly clock: () => number }) {
  const { db } = options;
  const now = () => new Date(options.clock());

  return {
    /** Returns undefined when somebody has the name already, also if they took it at the same moment. */
    async insert(account: NewAccount): Promise<Account | undefined> {
      const createdAt = now();
      const [row] = await db
        .insert(accounts)
        .values({ ...account, roles: [...account.roles], createdAt, updatedAt: createdAt })
        .onConflictDoNothing({ target: accounts.username })
        .returning();
      return row && accountOf(row);
    },

    async find(id: string): Promise<Account | undefined> {
      const [row] = await db.select().from(accounts).where(eq(accounts.id, id));
      return row && accountOf(row);
    },

    async findWithPassword(
      username: string,
    ): Promise<{ account: Account; passwordHash: string } | undefined> {
      const [row] = await db.select().from(accounts).where(eq(accounts.username, username));
      return row && { account: accountOf(row), passwordHash: row.passwordHash };
    },

    async replacePasswordHash(
      id: string,
      change: { readonly from: string; readonly to: string },
    ): Promise<void> {
      await db
        .update(accounts)
        .set({ passwordHash: change.to, updatedAt: now() })
        .where(and(eq(accounts.id, id), eq(accounts.passwordHash, change.from)));
    },

    /** Returns the account with its new roles, and the roles from before. */
    async replaceRoles(
      id: string,
      roles: readonly Role[],
    ): Promise<{ account: Account; before: readonly Role[] } | undefined> {
      return db.transaction(async (transaction) => {
        const [before] = await transaction.select().from(accounts).where(eq(accounts.id, id)).for('update');
        if (before === undefined) return undefined;
        const [after] = await transaction
          .update(accounts)
          .set({ roles: [...roles], rolesVersion: before.rolesVersion + 1, updatedAt: now() })
          .where(eq(accounts.id, id))
          .returning();
        return { account: accountOf(after ?? before), before: parseRoles(before.roles) };
      });
    },
  };
}

function accountOf(row: typeof accounts.$inferSelect): Account {
  const { id, username, roles, rolesVersion, createdAt, disabledAt } = row;
  return { id, username, roles: parseRoles(roles), rolesVersion, createdAt, disabledAt };
}
