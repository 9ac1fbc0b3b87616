import { sql } from 'drizzle-orm';
import { clientStatuses, type Database, type Transaction } from '../database/schema.ts';
import type { ClientStatusRecord } from './client-status.ts';

// Any number that nothing else in this database uses; this one is "clnt" in ASCII.
const statusLock = 0x636c_6e74;

/** Reads the clients whose status was ever changed, by id. */
export async function readStatuses(
  db: Database | Transaction,
): Promise<ReadonlyMap<string, ClientStatusRecord>> {
  const rows = await db.select().from(clientStatuses);
  return new Map(rows.map((row) => [row.clientId, recordOf(row)]));
}

/** Takes the lock under which one status at a time is changed. It ends with the transaction. */
export async function lockStatuses(transaction: Transaction): Promise<void> {
  await transaction.execute(sql`select pg_advisory_xact_lock(${statusLock})`);
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
