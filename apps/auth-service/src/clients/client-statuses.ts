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

const RELOAD_MS = 5000;

export type ClientStatusesOptions = {
  readonly db: Database;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  readonly audit: Pick<AuditLog, 'record'>;
  /** Tells everybody who verifies tokens. */
  readonly publish: RevocationLog['publish'];
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How often to look what other replicas have done; default 5 s. */
  readonly reloadMs?: number;
};

export type ClientStatuses = ReturnType<typeof createClientStatuses>;

/**
 * Which clients have been switched off, in memory. Postgres is the truth; a replica follows it when it hears of a
 * revocation, and by looking every few seconds. While Postgres is away it goes on with what it has, and with what it
 * hears.
 *
 * @example
 * const statuses = createClientStatuses({ db, log, audit, publish, clock });
 * await statuses.start();
 * if (statuses.isRevoked('storefront')) throw clientRevoked();
 */
export function createClientStatuses(options: ClientStatusesOptions) {
  const { db, log, audit, clock } = options;
  let records: ReadonlyMap<string, ClientStatusRecord> = new Map();
  /** Heard of as revoked, and not looked up since: from when tokens are good, by client. */
  const heard = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  const poll = createPoll({ everyMs: options.reloadMs ?? RELOAD_MS, task: reload, onFailed: warn });

  return {
    async start(): Promise<void> {
      await reload();
      poll.start();
    },

    stop: (): Promise<void> => poll.stop(),

    /** Looks now what other replicas have done. */
    reload,

    isRevoked,

    /** When it was revoked, in milliseconds since the epoch; null while it is active. As of the last look. */
    revokedAt: (clientId: string): number | null => records.get(clientId)?.revokedAt ?? null,

    /**
     * The least `iat` that a token of this client must have to be good, in seconds since the epoch; 0 when any will do.
     * While it is revoked none will: a request that came through just before must not get one that is.
     */
    issuedFromOf: (clientId: string): number => (isRevoked(clientId) ? 0 : tokensFromOf(clientId)),

    /** Takes in what others have revoked. Never throws. */
    hear(revocations: readonly Revocation[]): void {
      let isConcerned = false;
      for (const revocation of revocations) {
        if (revocation.kind !== 'client') continue;
        isConcerned = true;
        const { id, before } = revocation;
        if (before > tokensFromOf(id)) heard.set(id, before);
      }
      if (isConcerned) reload().catch(warn);
    },

    /**
     * Switches a client off or on, for whoever asks by `by.clientId`, and tells everybody. Revoking one that is revoked
     * tells everybody once more: so the same call completes one that failed half-way.
     *
     * Does not check that there is such a client.
     *
     * Rejects with ProblemError 409 `own_client` when it is the one that asks, 403 `client_revoked` when the one that
     * asks was revoked meanwhile; with what `publish` rejects with: then the client is revoked, but services that have
     * not been told take its access tokens until these expire.
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
    return heard.has(clientId) || statusOf(records.get(clientId)) === 'revoked';
  }

  function tokensFromOf(clientId: string): number {
    return Math.max(heard.get(clientId) ?? 0, records.get(clientId)?.tokensFrom ?? 0);
  }

  async function write(
    change: { readonly clientId: string; readonly status: ClientStatus },
    actingClientId: string,
  ): Promise<{ before: ClientStatusRecord | undefined; after: ClientStatusRecord | undefined }> {
    const written = await db.transaction(async (transaction) => {
      await lockStatuses(transaction);
      const found = await readStatuses(transaction);
      // Under the lock, or two operators could switch off each other's client at once, and with it the last one.
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
      // Whoever published had written before: what was heard of by now is in the answer, or has been undone since.
      const known = [...heard];
      records = await readStatuses(db);
      for (const [clientId, before] of known) if (heard.get(clientId) === before) heard.delete(clientId);
    });
  }

  /** One after the other, so that an older answer never replaces a newer one. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = last.then(task);
    last = turn.catch(() => {});
    return turn;
  }

  function warn(error: unknown): void {
    log.warn({ err: error }, 'the status of clients could not be read; going on with what is in memory');
  }
}
