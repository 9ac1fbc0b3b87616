import { nowOrNever } from '@latchkey/service-kit';
import { and, eq, sql } from 'drizzle-orm';
import { consents, type Database } from '../database/schema.ts';

export type Consent = {
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly grantedAt: Date;
};

export type ConsentStore = ReturnType<typeof createConsentStore>;

/** What people allowed applications of others to do. In Postgres, until it is withdrawn. */
export function createConsentStore({ db, clock }: { readonly db: Database; readonly clock: () => number }) {
  const of = (subject: string, clientId: string) =>
    and(eq(consents.subject, subject), eq(consents.clientId, clientId));

  return {
    /** The scopes that a person allowed an application; none when they were never asked. */
    async scopesFor(subject: string, clientId: string): Promise<readonly string[]> {
      const [row] = await db.select({ scopes: consents.scopes }).from(consents).where(of(subject, clientId));
      return row?.scopes ?? [];
    },

    /** Adds scopes to what a person allowed. */
    async grant(subject: string, clientId: string, scopes: readonly string[]): Promise<void> {
      const values = { subject, clientId, scopes: [...scopes], grantedAt: new Date(clock()) };
      await nowOrNever(db, (tx) =>
        tx
          .insert(consents)
          .values(values)
          .onConflictDoUpdate({
            target: [consents.subject, consents.clientId],
            // In one statement, so that two tabs at once lose nothing.
            set: {
              scopes: sql`array(select distinct unnest(${consents.scopes} || excluded.scopes))`,
              grantedAt: values.grantedAt,
            },
          }),
      );
    },

    /** Everything that a person allowed, the newest first. */
    async list(subject: string): Promise<readonly Consent[]> {
      const rows = await db.select().from(consents).where(eq(consents.subject, subject));
      return rows
        .map(({ clientId, scopes, grantedAt }) => ({ clientId, scopes, grantedAt }))
        .sort((a, b) => b.grantedAt.getTime() - a.grantedAt.getTime());
    },

    /** Withdraws what a person allowed an application; false when there was nothing. */
    async withdraw(subject: string, clientId: string): Promise<boolean> {
      const removed = await nowOrNever(db, (tx) =>
        tx.delete(consents).where(of(subject, clientId)).returning({ at: consents.grantedAt }),
      );
      return removed.length === 1;
    },
  };
}
