import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseUnavailable } from '@latchkey/service-kit';
import type { FastifyBaseLogger } from 'fastify';
import type { Database } from '../database/schema.ts';
import { type AuditEvent, type AuditRow, auditRowOf } from './audit-event.ts';
import { createAuditStore } from './audit-store.ts';

const defaultMaxQueued = 10_000;
const maxPerInsert = 200;
const retryEveryMs = 1000;
const closeWithinMs = 3000;

export type AuditLogOptions = {
  readonly db: Database;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How many events are kept in memory while Postgres is away; default: 10,000, about 5 MB. */
  readonly maxQueued?: number;
};

export type AuditLog = {
  /** Records an event. Returns at once and never throws. */
  record(event: AuditEvent): void;
  /** Resolves when all events recorded so far are in Postgres or lost. Waits while Postgres is away. */
  flush(): Promise<void>;
  /** Writes the remaining events, for at most three seconds. Call it before the database is closed. */
  close(): Promise<void>;
  /** Counts since the start. `lost` events are only in the service's log. */
  counts(): { readonly queued: number; readonly written: number; readonly lost: number };
};

/**
 * The audit log. Each event goes to the service's log (level info) at once, and to Postgres in batches, so that no
 * request waits for it. While Postgres is away, events are queued up to a bound. Events beyond the bound, and events
 * that Postgres refuses, are counted and logged as lost (level error). If the process crashes, the queued events,
 * usually those of the last few milliseconds, are only in the service's log. An insert whose answer was lost is
 * repeated, so an event can be in Postgres twice.
 *
 * Does not check the content: the caller must keep tokens, passwords and typed user names out.
 *
 * @example
 * audit.record({ event: 'session.ended', subject, sessionId, details: { reason: 'sign_out' } });
 */
export function createAuditLog(options: AuditLogOptions): AuditLog {
  const { log, clock, maxQueued = defaultMaxQueued } = options;
  const store = createAuditStore(options.db);
  const queue: AuditRow[] = [];
  const closing = new AbortController();
  let written = 0;
  let lost = 0;
  let writing: Promise<void> | undefined;

  return {
    record(event) {
      const row = auditRowOf(event, new Date(clock()));
      log.info({ audit: withoutNulls(row) }, `audit ${row.event}`);
      if (closing.signal.aborted) return lose([row], 'closed');
      if (queue.length >= maxQueued) return lose([row], 'queue full');
      queue.push(row);
      writing ??= writeAll();
    },
    async flush() {
      await writing;
    },
    async close() {
      // Bounded even if an insert hangs, because the caller has a deadline.
      await Promise.race([writing, delay(closeWithinMs, undefined, { ref: false })]);
      closing.abort();
      if (queue.length > 0) lose(queue.splice(0), 'unavailable');
    },
    counts: () => ({ queued: queue.length, written, lost }),
  };

  async function writeAll(): Promise<void> {
    // The events of one turn of the event loop share an insert.
    await Promise.resolve();
    let most = maxPerInsert;
    while (queue.length > 0 && !closing.signal.aborted) {
      const batch = queue.slice(0, most);
      const outcome = await insert(batch);
      if (outcome === 'done') {
        queue.splice(0, batch.length);
      } else if (outcome === 'unavailable') {
        await delay(retryEveryMs, undefined, { signal: closing.signal }).catch(() => {});
      } else if (batch.length > 1) {
        // Postgres refused a row. Insert one at a time to find it, so that it neither drops nor blocks the others.
        most = 1;
      } else {
        lose(queue.splice(0, 1), outcome);
        most = maxPerInsert;
      }
    }
    writing = undefined;
  }

  async function insert(batch: readonly AuditRow[]): Promise<'done' | 'unavailable' | Failure> {
    try {
      await store.insert(batch);
      written += batch.length;
      return 'done';
    } catch (error) {
      return isDatabaseUnavailable(error) ? 'unavailable' : { err: error };
    }
  }

  function lose(rows: readonly AuditRow[], reason: Failure | 'unavailable' | 'queue full' | 'closed'): void {
    lost += rows.length;
    const why = typeof reason === 'string' ? { reason } : reason;
    log.error(
      { ...why, lost: rows.length, lost_in_all: lost },
      'audit events could not be written to Postgres',
    );
  }
}

/** The store's error. */
type Failure = { readonly err: unknown };

function withoutNulls(row: AuditRow): Record<string, unknown> {
  const { at: _, ...fields } = row;
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
