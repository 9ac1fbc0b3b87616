import { randomBytes } from 'node:crypto';
import { and, eq } from 'drizzle-orm';
import { type Database, identities, type Transaction } from '../database/schema.ts';
import type { UpstreamPerson } from './provider.ts';

/** An account at a provider that is linked to one of ours. */
export type Identity = {
  readonly id: string;
  readonly provider: string;
  readonly issuer: string;
  readonly displayName: string | null;
  readonly linkedAt: Date;
};

export type IdentityStore = ReturnType<typeof createIdentityStore>;

/**
 * The linked identities in Postgres. Each is known by issuer and subject alone, never by an e-mail address: those are
 * given to others, and not every provider checks them.
 */
export function createIdentityStore(options: {
  readonly db: Database;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}) {
  const { db, clock } = options;
  const rowFor = (accountId: string, provider: string, person: UpstreamPerson) => ({
    id: randomBytes(16).toString('base64url'),
    accountId,
    provider,
    issuer: person.issuer,
    subject: person.subject,
    displayName: person.name,
    linkedAt: new Date(clock()),
  });

  return {
    /** The id of the account to which an identity is linked. */
    async accountOf({
      issuer,
      subject,
    }: Pick<UpstreamPerson, 'issuer' | 'subject'>): Promise<string | undefined> {
      const [row] = await db
        .select({ accountId: identities.accountId })
        .from(identities)
        .where(and(eq(identities.issuer, issuer), eq(identities.subject, subject)));
      return row?.accountId;
    },

    async list(accountId: string, within: Database | Transaction = db): Promise<readonly Identity[]> {
      return within
        .select()
        .from(identities)
        .where(eq(identities.accountId, accountId))
        .orderBy(identities.linkedAt, identities.id);
    },

    /** Links an identity to a new account, in its transaction. False when it is linked already. */
    async insert(
      transaction: Transaction,
      accountId: string,
      provider: string,
      person: UpstreamPerson,
    ): Promise<boolean> {
      const row = rowFor(accountId, provider, person);
      const added = await transaction.insert(identities).values(row).onConflictDoNothing().returning();
      return added.length === 1;
    },

    async remove(transaction: Transaction, id: string): Promise<void> {
      await transaction.delete(identities).where(eq(identities.id, id));
    },
  };
}
