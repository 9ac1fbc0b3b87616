import { sql } from 'drizzle-orm';
import type { Database } from '../src/database/open-payment-database.ts';

/** How often the sandbox charged, and how often it was asked to, over all payments of one person. */
export async function chargesOf(database: Database, subject: string) {
  const { rows } = await database.execute<{ charged: number; calls: number; taken: number }>(sql`
    select count(*) filter (where outcome = 'succeeded')::int as charged,
           coalesce(sum(calls), 0)::int as calls,
           coalesce(sum(sandbox_ledger.amount) filter (where outcome = 'succeeded'), 0)::int as taken
    from sandbox_ledger join payments on payments.id = sandbox_ledger.reference
    where payments.subject = ${subject}`);
  const [row] = rows;
  if (row === undefined) throw new Error('an aggregate always has a row');
  return row;
}

/** The sandbox's refunds of one payment. */
export async function refundsOf(database: Database, paymentId: string): Promise<number[]> {
  const { rows } = await database.execute<{ amount: string }>(sql`
    select amount from sandbox_ledger where charge_reference = ${paymentId} and outcome = 'succeeded' order by amount`);
  return rows.map((row) => Number(row.amount));
}

/** Rows in each of our tables. */
export async function rowCounts(database: Database) {
  const { rows } = await database.execute(sql`
    select (select count(*) from payments)::int as payments, (select count(*) from refunds)::int as refunds,
           (select count(*) from idempotency_keys)::int as keys, (select count(*) from sandbox_ledger)::int as ledger`);
  return rows[0];
}
