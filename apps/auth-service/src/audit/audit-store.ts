import { auditEvents, type Database } from '../database/schema.ts';
import type { AuditRow } from './audit-event.ts';

export type AuditStore = { insert(rows: readonly AuditRow[]): Promise<void> };

/** The audit log's table. */
export function createAuditStore(db: Database): AuditStore {
  return {
    async insert(rows) {
      await db.insert(auditEvents).values([...rows]);
    },
  };
}
