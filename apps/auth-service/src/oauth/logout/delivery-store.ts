import { eq, gt, lte, or, sql } from 'drizzle-orm';
import { type Database, logoutDeliveries } from '../../database/schema.ts';

/** A logout token that has to be delivered. */
export type Delivery = {
  readonly sessionId: string;
  readonly clientId: string;
  readonly subject: string;
  /** When the session's end became known. */
  readonly since: Date;
  /** How often it was tried, with the attempt that begins now. */
  readonly attempts: number;
};

/** Keeps deliveries. One that is kept already stays as it is. */
export async function keepDeliveries(
  db: Database,
  deliveries: readonly Pick<Delivery, 'sessionId' | 'clientId' | 'subject'>[],
  now: Date,
): Promise<void> {
  if (deliveries.length === 0) return;
  const rows = deliveries.map(({ sessionId, clientId, subject }) => ({
    sessionId,
    clientId,
    subject,
    since: now,
    nextAttemptAt: now,
  }));
  await db.insert(logoutDeliveries).values(rows).onConflictDoNothing();
}

/**
 * Takes deliveries that are due. No other replica takes them before `until`, and if this one dies they are due again
 * then. One after `latest` was postponed by a clock that was ahead, and is due too.
 */
export async function takeDueDeliveries(
  db: Database,
  due: { readonly now: Date; readonly until: Date; readonly latest: Date; readonly most: number },
): Promise<readonly Delivery[]> {
  const { nextAttemptAt } = logoutDeliveries;
  const taken = db
    .select({ sessionId: logoutDeliveries.sessionId })
    .from(logoutDeliveries)
    .where(or(lte(nextAttemptAt, due.now), gt(nextAttemptAt, due.latest)))
    .orderBy(nextAttemptAt)
    .limit(due.most)
    .for('update', { skipLocked: true });
  return db
    .update(logoutDeliveries)
    .set({ nextAttemptAt: due.until, attempts: sql`${logoutDeliveries.attempts} + 1` })
    .where(sql`${logoutDeliveries.sessionId} in (${taken})`)
    .returning();
}

export async function postponeDelivery(db: Database, sessionId: string, until: Date): Promise<void> {
  await db
    .update(logoutDeliveries)
    .set({ nextAttemptAt: until })
    .where(eq(logoutDeliveries.sessionId, sessionId));
}

export async function forgetDelivery(db: Database, sessionId: string): Promise<void> {
  await db.delete(logoutDeliveries).where(eq(logoutDeliveries.sessionId, sessionId));
}
