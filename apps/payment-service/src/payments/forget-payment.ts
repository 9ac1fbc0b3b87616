import { and, eq, isNull } from 'drizzle-orm';
import type { Database } from '../database/open-payment-database.ts';
import { idempotencyKeys, payments } from '../database/schema.ts';
import type { Payment } from './payment.ts';

/**
 * Deletes a payment that was given up before anything was charged, together with its key: the same request then counts
 * as new. Does nothing when the request has been answered meanwhile.
 */
export async function forgetGivenUpPayment(
  database: Database,
  { id, subject }: Pick<Payment, 'id' | 'subject'>,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const freed = await transaction
      .delete(idempotencyKeys)
      .where(
        and(
          eq(idempotencyKeys.subject, subject),
          eq(idempotencyKeys.resourceId, id),
          isNull(idempotencyKeys.answerStatus),
        ),
      );
    if (freed.rowCount === 0) return;
    await transaction.delete(payments).where(and(eq(payments.id, id), eq(payments.status, 'declined')));
  });
}
