import { and, desc, eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { Connection } from '../database/open-payment-database.ts';
import { idempotencyKeys, payments } from '../database/schema.ts';
import type { CardSummary } from './card.ts';
import type { Cursor } from './cursor.ts';
import type { Money } from './money.ts';
import type { Payment } from './payment.ts';
import { nextStatus, type PaymentEvent } from './rules.ts';

export type NewPayment = {
  readonly id: string;
  readonly subject: string;
  readonly amount: Money;
  readonly card: CardSummary;
  readonly createdAt: Date;
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Stores a payment before it is sent to the processor, so that a crash cannot lose a charge. */
export async function insertPendingPayment(connection: Connection, payment: NewPayment): Promise<Payment> {
  const [row] = await connection
    .insert(payments)
    .values({
      id: payment.id,
      subject: payment.subject,
      status: 'pending',
      amount: payment.amount.amount,
      currency: payment.amount.currency,
      cardLast4: payment.card.last4,
      cardBrand: payment.card.brand,
      createdAt: payment.createdAt,
      updatedAt: payment.createdAt,
    })
    .returning();
  if (row === undefined) throw new Error('an insert without a conflict returns its row');
  return toPayment(row);
}

/**
 * The payment with this id, of any owner; undefined when there is none, or when `id` is not a UUID.
 * With `lock`, no other transaction moves it until this one ends.
 */
export async function findPayment(
  connection: Connection,
  id: string,
  { lock = false }: { lock?: boolean } = {},
): Promise<Payment | undefined> {
  if (!uuid.test(id)) return undefined;
  const query = connection.select().from(payments).where(eq(payments.id, id));
  const [row] = lock ? await query.for('update') : await query;
  return row && toPayment(row);
}

/** A page of one subject's payments after the cursor, the newest first. */
export async function listPayments(
  connection: Connection,
  { subject, limit, after }: { subject: string; limit: number; after: Cursor | undefined },
): Promise<Payment[]> {
  const rows = await connection
    .select()
    .from(payments)
    .where(and(eq(payments.subject, subject), after && olderThan(after)))
    .orderBy(desc(payments.createdAt), desc(payments.id))
    .limit(limit);
  return rows.map(toPayment);
}

/** A payment whose cart is not settled, and until when a run holds it. */
export type UnsettledPayment = Payment & { readonly runningUntil: Date | undefined };

/** One subject's payments without a verdict or with an unsettled cart, the oldest first. */
export async function unsettledPayments(
  connection: Connection,
  subject: string,
): Promise<UnsettledPayment[]> {
  const rows = await connection
    .select({ payment: payments, runningUntil: idempotencyKeys.runningUntil })
    .from(payments)
    .leftJoin(
      idempotencyKeys,
      and(
        eq(idempotencyKeys.subject, payments.subject),
        eq(idempotencyKeys.resourceId, payments.id),
        isNull(idempotencyKeys.answerStatus),
      ),
    )
    .where(and(eq(payments.subject, subject), isNull(payments.cartSettledAt)))
    .orderBy(payments.createdAt, payments.id);
  return rows.map(({ payment, runningUntil }) => ({
    ...toPayment(payment),
    runningUntil: runningUntil ?? undefined,
  }));
}

/** Locks the subject until the transaction ends, so that new payments wait: there is no row to lock yet. */
export async function lockSubject(transaction: Connection, subject: string): Promise<void> {
  await transaction.execute(sql`select pg_advisory_xact_lock(hashtextextended(${subject}, 0))`);
}

/** Records that the cart is settled. Keeps the first time when called again. */
export async function markCartSettled(connection: Connection, id: string, now: Date): Promise<void> {
  await connection
    .update(payments)
    .set({ cartSettledAt: now })
    .where(and(eq(payments.id, id), isNull(payments.cartSettledAt)));
}

// A row comparison can use the index; comparing the columns one by one cannot.
function olderThan({ createdAt, id }: Cursor): SQL {
  return sql`(${payments.createdAt}, ${payments.id}) < (${createdAt.toISOString()}::timestamptz, ${id}::uuid)`;
}

export type Move = {
  readonly event: PaymentEvent;
  readonly now: Date;
  readonly declineReason?: string;
  /** New sums, when the event is a refund. */
  readonly refunded?: number;
  readonly refunding?: number;
};

/**
 * Applies an event to a payment by the table of transitions, if it still has the status that was read. Undefined when
 * the event changes nothing, or when another run was faster: read it again then.
 */
export async function movePayment(
  connection: Connection,
  payment: Payment,
  move: Move,
): Promise<Payment | undefined> {
  const status = nextStatus(payment.status, move.event);
  if (status === undefined) return undefined;
  const [row] = await connection
    .update(payments)
    .set({
      status,
      updatedAt: move.now,
      declineReason: move.declineReason,
      refunded: move.refunded,
      refunding: move.refunding,
    })
    .where(and(eq(payments.id, payment.id), eq(payments.status, payment.status)))
    .returning();
  return row && toPayment(row);
}

/** Sets how much is reserved for refunds under way. Only for a payment read with `lock`. */
export async function setRefunding(connection: Connection, id: string, refunding: number): Promise<void> {
  await connection.update(payments).set({ refunding }).where(eq(payments.id, id));
}

function toPayment(row: typeof payments.$inferSelect): Payment {
  return {
    id: row.id,
    subject: row.subject,
    status: row.status,
    amount: { amount: row.amount, currency: row.currency },
    refunded: row.refunded,
    refunding: row.refunding,
    card: { last4: row.cardLast4, brand: row.cardBrand },
    declineReason: row.declineReason ?? undefined,
    cartSettledAt: row.cartSettledAt ?? undefined,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
