import { sql } from 'drizzle-orm';
import { clientStatuses, type Database, type Transaction } from '../database/schema.ts';
import type { ClientStatusRecord } from './client-status.ts';

// Any number will do that nobody else uses in this database: "clients" in hex, shortened.
const STATUS_LOCK = 0x636c_6e74;

/** The clients whose status was ever changed, by id. */
export async function readStatuses(
  db: Database | Transaction,
): Promise<ReadonlyMap<string, ClientStatusRecord>> {
  const rows = await db.select().from(clientStatuses);
  return new Map(rows.map((row) => [row.clientId, recordOf(row)]));
}

/** Lets one change of a status happen at a time. The lock ends with the transaction. */
export async function lockStatuses(transaction: Transaction): Promise<void> {
  await transaction.execute(sql`select pg_advisory_xact_lock(${STATUS_LOCK})`);
}

export async function writeStatus(transaction: Transaction, record: ClientStatusRecord): Promise<void> {
  const { clientId } = record;
  const status = {
    revokedAt: record.revokedAt === null ? null : new Date(record.revokedAt),
    tokensFrom: new Date(record.tokensFrom * 1000),
  };
  await transaction
    .insert(clientStatuses)
    .values({ clientId, ...status })
    .onConflictDoUpdate({ target: clientStatuses.clientId, set: status });
}

function recordOf(row: typeof clientStatuses.$inferSelect): ClientStatusRecord {
  return {
    clientId: row.clientId,
    revokedAt: row.revokedAt?.getTime() ?? null,
    tokensFrom: row.tokensFrom.getTime() / 1000,
  };
}
