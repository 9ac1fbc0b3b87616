import { sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import {
  bigint,
  check,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { type PaymentStatus, paymentStatuses, type RefundStatus, refundStatuses } from '../payments/rules.ts';

const minorUnits = (name: string) => bigint(name, { mode: 'number' });
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });
const oneOf = (column: AnyPgColumn, values: readonly string[]) =>
  sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(', '))})`;

/** A payment's id is also its reference and idempotency key at the processor. */
export const payments = pgTable(
  'payments',
  {
    id: uuid('id').primaryKey(),
    subject: text('subject').notNull(),
    status: text('status').$type<PaymentStatus>().notNull(),
    amount: minorUnits('amount').notNull(),
    currency: text('currency').notNull(),
    refunded: minorUnits('refunded').notNull().default(0),
    /** Reserved for refunds that the processor has not confirmed. */
    refunding: minorUnits('refunding').notNull().default(0),
    cardLast4: text('card_last4').notNull(),
    cardBrand: text('card_brand').notNull(),
    declineReason: text('decline_reason'),
    /** When the buyer's cart was settled; null while that is still to be done. */
    cartSettledAt: instant('cart_settled_at'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    // Read backwards, for the newest payments first.
    index('payments_of_subject').on(table.subject, table.createdAt, table.id),
    index('payments_unsettled').on(table.subject).where(sql`${table.cartSettledAt} is null`),
    check('payments_status', oneOf(table.status, paymentStatuses)),
    check('payments_amount', sql`${table.amount} between 1 and 100000000000`),
    // The database itself allows no more refunds than were captured, whatever the code does.
    check(
      'payments_refunds_within_amount',
      sql`${table.refunded} >= 0 and ${table.refunding} >= 0 and ${table.refunded} + ${table.refunding} <= ${table.amount}`,
    ),
  ],
);

export const refunds = pgTable(
  'refunds',
  {
    id: uuid('id').primaryKey(),
    paymentId: uuid('payment_id')
      .notNull()
      .references(() => payments.id),
    /** The subject who refunded it: usually support, not the buyer. */
    requestedBy: text('requested_by').notNull(),
    amount: minorUnits('amount').notNull(),
    status: text('status').$type<RefundStatus>().notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('refunds_by_payment').on(table.paymentId),
    check('refunds_status', oneOf(table.status, refundStatuses)),
    check('refunds_amount', sql`${table.amount} >= 1`),
  ],
);

/** One row per Idempotency-Key and subject. It contains neither the key nor the body, only digests. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    subject: text('subject').notNull(),
    keyDigest: text('key_digest').notNull(),
    fingerprint: text('fingerprint').notNull(),
    /** The payment or refund that the request made. */
    resourceId: uuid('resource_id').notNull(),
    /**
     * Until then a run holds the request. Later, if it has no answer, another run may take it over. Of an answered one:
     * when it was answered.
     */
    runningUntil: instant('running_until').notNull(),
    answerStatus: integer('answer_status'),
    /** json, not jsonb, keeps the order of the members. */
    answerBody: json('answer_body'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.subject, table.keyDigest] }),
    index('idempotency_keys_age').on(table.createdAt),
  ],
);

/**
 * The books of the sandbox processor, which a real one would keep on its side. Only the sandbox reads them, and tests
 * that count charges.
 */
export const sandboxLedger = pgTable('sandbox_ledger', {
  reference: uuid('reference').primaryKey(),
  chargeReference: uuid('charge_reference'),
  outcome: text('outcome').$type<'succeeded' | 'declined'>().notNull(),
  reason: text('reason'),
  amount: minorUnits('amount').notNull(),
  currency: text('currency').notNull(),
  /** How often the reference was sent. Only the first call moved money. */
  calls: integer('calls').notNull().default(1),
});

/** The public keys of this service's replicas. */
export { serviceKeys, usedProofs } from '@latchkey/service-kit/identity';
