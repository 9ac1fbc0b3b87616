import { nowOrNever } from '@latchkey/service-kit';
import { and, eq, TransactionRollbackError } from 'drizzle-orm';
import { accounts, type Database, type Transaction } from '../database/schema.ts';
import { parseRoles, type Role } from '../permissions/roles.ts';
import type { Account } from './account.ts';

export type NewAccount = {
  readonly id: string;
  readonly username: string;
  /** Null for somebody who only signs in at other providers. */
  readonly passwordHash: string | null;
  readonly roles: readonly Role[];
};

export type AccountStore = ReturnType<typeof createAccountStore>;

/** The accounts in Postgres. User names must be normalised. */
export function createAccountStore(options: { readonly db: Database; readonly clock: () => number }) {
  const { db } = options;
  const now = () => new Date(options.clock());

  return {
    /** Returns undefined when the user name is taken, also by a concurrent insert. */
    async insert(account: NewAccount): Promise<Account | undefined> {
      const createdAt = now();
      const values = { ...account, roles: [...account.roles], createdAt, updatedAt: createdAt };
      const [row] = await nowOrNever(db, (tx) =>
        tx.insert(accounts).values(values).onConflictDoNothing({ target: accounts.username }).returning(),
      );
      return row && accountOf(row);
    },

    /**
     * As `insert`, and `also` in the same transaction; when that returns false, nothing is inserted. Throws when the user
     * name is taken.
     */
    async insertTogether(
      account: NewAccount,
      also: (transaction: Transaction) => Promise<boolean>,
    ): Promise<Account | undefined> {
      const createdAt = now();
      const values = { ...account, roles: [...account.roles], createdAt, updatedAt: createdAt };
      try {
        return await db.transaction(async (transaction) => {
          const [row] = await transaction.insert(accounts).values(values).returning();
          if (!(await also(transaction))) transaction.rollback();
          return row && accountOf(row);
        });
      } catch (error) {
        if (error instanceof TransactionRollbackError) return undefined;
        throw error;
      }
    },

    /** Runs `task` while nobody else can change this account. */
    async locked<Result>(
      id: string,
      task: (account: Account, transaction: Transaction) => Promise<Result>,
    ): Promise<Result | undefined> {
      return db.transaction(async (transaction) => {
        const [row] = await transaction.select().from(accounts).where(eq(accounts.id, id)).for('update');
        return row && task(accountOf(row), transaction);
      });
    },

    async find(id: string): Promise<Account | undefined> {
      const [row] = await db.select().from(accounts).where(eq(accounts.id, id));
      return row && accountOf(row);
    },

    /**
     * As `find`, but waits for a concurrent change of this account. If a caller writes something elsewhere and then
     * calls this, either this returns the changed account, or the change sees what the caller wrote.
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
    ): Promise<{ account: Account; passwordHash: string | null } | undefined> {
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
     * Changes the password, unless the account is disabled or its password was changed since `since` was read. Runs
     * `beforeCommit` while the account is locked; if that fails, nothing changes. Returns whether it was changed.
     */
    async replacePassword(
      since: Pick<Account, 'id' | 'passwordChangedAt'>,
      passwordHash: string,
      beforeCommit: () => Promise<void>,
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
        await beforeCommit();
        return true;
      });
    },

    /** Returns the account after the change, and whether anything changed. */
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

    /** Returns the account with its new roles, and the previous roles. */
    async replaceRoles(
      id: string,
      roles: readonly Role[],
    ): Promise<{ account: Account; before: readonly Role[] } | undefined> {
      return db.transaction(async (transaction) => {
        const [before] = await transaction.select().from(accounts).where(eq(accounts.id, id)).for('update');
        if (before === undefined) return undefined;
        const [after] = await transaction
          .update(accounts)
          .set({
            roles: [...roles],
            rolesVersion: laterVersion(before.rolesVersion, options.clock()),
            updatedAt: now(),
          })
          .where(eq(accounts.id, id))
          .returning();
        return { account: accountOf(after ?? before), before: parseRoles(before.roles) };
      });
    },
  };
}

/**
 * Follows the time, so that after a restore of an older backup a change still counts as later than those that sessions
 * in Redis have already. Seconds since 2020 fit into the column until 2088.
 */
function laterVersion(before: number, nowMs: number): number {
  return Math.max(before + 1, Math.floor((nowMs - Date.UTC(2020, 0)) / 1000));
}

function accountOf(row: typeof accounts.$inferSelect): Account {
  const { id, username, rolesVersion, createdAt, disabledAt, passwordChangedAt } = row;
  const roles = parseRoles(row.roles);
  const hasPassword = row.passwordHash !== null;
  return { id, username, roles, rolesVersion, hasPassword, createdAt, disabledAt, passwordChangedAt };
}
