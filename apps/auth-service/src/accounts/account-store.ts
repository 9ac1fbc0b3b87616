import { and, eq } from 'drizzle-orm';
import { accounts, type Database } from '../database/schema.ts';
import { parseRoles, type Role } from '../permissions/roles.ts';
import type { Account } from './account.ts';

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

    /**
     * As `find`, but waits for a change of this account that is being made. Whoever writes something down elsewhere first
     * and asks this afterwards either hears of the change, or was early enough for the change to find what they wrote.
     */
    async findSettled(id: string): Promise<Account | undefined> {
      const [row] = await db.select().from(accounts).where(eq(accounts.id, id)).for('share');
      return row && accountOf(row);
    },

    async findByUsername(username: string): Promise<Account | undefined> {
      const [row] = await db.select().from(accounts).where(eq(accounts.username, username));
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

    /**
     * Gives the account another password, if it is not disabled and still as `since` has it. `beforeItCounts` is done
     * while nobody else can change the account; when it fails, the password stays. Says whether it was changed.
     */
    async replacePassword(
      since: Pick<Account, 'id' | 'passwordChangedAt'>,
      passwordHash: string,
      beforeItCounts: () => Promise<void>,
    ): Promise<boolean> {
      return db.transaction(async (transaction) => {
        const byId = eq(accounts.id, since.id);
        const [before] = await transaction.select().from(accounts).where(byId).for('update');
        if (before === undefined || before.disabledAt !== null) return false;
        if (before.passwordChangedAt?.getTime() !== since.passwordChangedAt?.getTime()) return false;
        const changedAt = now();
        await transaction
          .update(accounts)
          .set({ passwordHash, passwordChangedAt: changedAt, updatedAt: changedAt })
          .where(byId);
        await beforeItCounts();
        return true;
      });
    },

    /** Returns the account as it is now, and whether this changed anything. */
    async setDisabled(
      id: string,
      isDisabled: boolean,
    ): Promise<{ account: Account; isNews: boolean } | undefined> {
      return db.transaction(async (transaction) => {
        const byId = eq(accounts.id, id);
        const [before] = await transaction.select().from(accounts).where(byId).for('update');
        if (before === undefined) return undefined;
        if ((before.disabledAt !== null) === isDisabled) return { account: accountOf(before), isNews: false };
        const changedAt = now();
        const [after] = await transaction
          .update(accounts)
          .set({ disabledAt: isDisabled ? changedAt : null, updatedAt: changedAt })
          .where(byId)
          .returning();
        return { account: accountOf(after ?? before), isNews: true };
      });
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
  const { id, username, roles, rolesVersion, createdAt, disabledAt, passwordChangedAt } = row;
  return { id, username, roles: parseRoles(roles), rolesVersion, createdAt, disabledAt, passwordChangedAt };
}
