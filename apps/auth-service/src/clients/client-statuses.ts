import type { Revocation } from '@latchkey/auth-client';
import type { FastifyBaseLogger } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { createPoll } from '../database/poll.ts';
import type { Database } from '../database/schema.ts';
import type { RevocationLog } from '../revocation/log/revocation-log.ts';
import { type ClientStatus, type ClientStatusRecord, changeStatus, statusOf } from './client-status.ts';
import { lockStatuses, readStatuses, writeStatus } from './client-status-store.ts';
import { clientRevoked, ownClient } from './refusals.ts';

const reloadMs = 5000;

export type ClientStatusesOptions = {
  readonly db: Database;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Publishes a revocation to all verifiers. */
  readonly publish: RevocationLog['publish'];
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How often to read other replicas' changes; default: 5 s. */
  readonly reloadMs?: number;
};

export type ClientStatuses = ReturnType<typeof createClientStatuses>;

/**
 * Holds in memory which clients are revoked. Postgres is the source of truth. A replica reads it every few seconds and
 * when the log reports a revocation. While Postgres is unavailable, the replica continues with what it has in memory
 * and with the revocations from the log.
 *
 * @example
 * const statuses = createClientStatuses({ db, log, audit, publish, clock });
 * await statuses.start();
 * if (statuses.isRevoked('storefront')) throw clientRevoked();
 */
export function createClientStatuses(options: ClientStatusesOptions) {
  const { db, log, audit, clock } = options;
  let records: ReadonlyMap<string, ClientStatusRecord> = new Map();
  /** Revocations from the log that have not been read from Postgres yet: tokensFrom by client. */
  const unread = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  const poll = createPoll({ everyMs: options.reloadMs ?? reloadMs, task: reload, onFailed: warn });

  return {
    async start(): Promise<void> {
      await reload();
      poll.start();
    },

    stop: (): Promise<void> => poll.stop(),

    /** Reads other replicas' changes now. */
    reload,

    isRevoked,

    /** When it was revoked, in milliseconds since the epoch; null while it is active. As of the last read. */
    revokedAt: (clientId: string): number | null => records.get(clientId)?.revokedAt ?? null,

    /**
     * The earliest `iat` that a token of this client may have, in seconds since the epoch; 0 for no limit. Also 0 while
     * the client is revoked, so that a request admitted just before the revocation does not get a valid token.
     */
    issuedFromOf: (clientId: string): number => (isRevoked(clientId) ? 0 : tokensFromOf(clientId)),

    /** Applies revocations from the log. Never throws. */
    applyRevocations(revocations: readonly Revocation[]): void {
      let isConcerned = false;
      for (const revocation of revocations) {
        if (revocation.kind !== 'client') continue;
        isConcerned = true;
        const { id, before } = revocation;
        if (before > tokensFromOf(id)) unread.set(id, before);
      }
      if (isConcerned) reload().catch(warn);
    },

    /**
     * Revokes or reinstates a client for an operator who uses the client `by.clientId`, and publishes a revocation.
     * Revoking a revoked client publishes it again, so the same call completes one that failed half-way.
     *
     * Does not check that the client exists.
     *
     * Rejects with ProblemError 409 `own_client` when an operator would revoke their own client, and 403
     * `client_revoked` when the operator's client was revoked meanwhile. Rejects with what `publish` rejects with: then
     * the client is revoked, but services that have not been told accept its access tokens until these expire.
     */
    async change(
      change: { readonly clientId: string; readonly status: ClientStatus },
      by: Origin & { readonly subject: string; readonly clientId: string },
    ): Promise<void> {
      const { clientId, status } = change;
      const { before, after } = await inTurn(() => write(change, by.clientId));
      const again = before === after;
      if (status === 'revoked' || !again) {
        const event = status === 'revoked' ? 'client.revoked' : 'client.activated';
        audit.record({
          ...by,
          event,
          clientId,
          details: { by_client: by.clientId, ...(again && { again }) },
        });
      }
      if (status === 'revoked' && after !== undefined)
        await options.publish({
          kind: 'client',
          id: clientId,
          before: after.tokensFrom,
          reason: 'client_revoked',
        });
    },
  };

  function isRevoked(clientId: string): boolean {
    return unread.has(clientId) || statusOf(records.get(clientId)) === 'revoked';
  }

  function tokensFromOf(clientId: string): number {
    return Math.max(unread.get(clientId) ?? 0, records.get(clientId)?.tokensFrom ?? 0);
  }

  async function write(
    change: { readonly clientId: string; readonly status: ClientStatus },
    actingClientId: string,
  ): Promise<{ before: ClientStatusRecord | undefined; after: ClientStatusRecord | undefined }> {
    const written = await db.transaction(async (transaction) => {
      await lockStatuses(transaction);
      const found = await readStatuses(transaction);
      // Checked under the lock, so that two operators cannot revoke each other's client at once and leave none.
      if (statusOf(found.get(actingClientId)) === 'revoked') throw clientRevoked();
      if (change.status === 'revoked' && change.clientId === actingClientId) throw ownClient();
      const before = found.get(change.clientId);
      const after = changeStatus(before, { ...change, now: clock() });
      if (after !== undefined && after !== before) await writeStatus(transaction, after);
      return { found, before, after };
    });
    const { found, before, after } = written;
    records = after === undefined ? found : new Map(found).set(after.clientId, after);
    return { before, after };
  }

  function reload(): Promise<void> {
    return inTurn(async () => {
      // A revocation is written before it is published, so the read contains those known now, or their reversal.
      const known = [...unread];
      records = await readStatuses(db);
      for (const [clientId, before] of known) if (unread.get(clientId) === before) unread.delete(clientId);
    });
  }

  /** Runs tasks one after another, so that an older answer never replaces a newer one. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = last.then(task);
    last = turn.catch(() => {});
    return turn;
  }

  function warn(error: unknown): void {
    log.warn({ err: error }, 'the status of clients could not be read; going on with what is in memory');
  }
}
