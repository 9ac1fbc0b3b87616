import type { IdentityStore } from '@latchkey/auth-client';
import { asc, desc, gt, lte } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { serviceKeys } from './service-keys-table.ts';

/** Verifiers refuse key sets of more than 64 keys. */
const maxKeys = 60;
/** Expired keys are kept for a while, for investigations. */
const keptAfterExpiryMs = 3_600_000;

/**
 * Keeps the public keys of a service's replicas in the table `service_keys` of the service's own Postgres, so that
 * every replica can publish them all. Times come from the caller: replicas' clocks may differ by seconds, but keys live
 * for minutes.
 *
 * Does not check the keys: only this service writes to the table.
 *
 * @example
 * const store = createIdentityStore(database.db);
 * const identity = createServiceIdentity({ clientId: 'payment-service', store });
 */
export function createIdentityStore(
  // Uses only the query builder, so any schema will do.
  db: Pick<NodePgDatabase<Record<string, unknown>>, 'insert' | 'delete' | 'select'>,
): IdentityStore {
  return {
    async put({ kid, jwk, expiresAt }) {
      const expiry = new Date(expiresAt);
      await db
        .insert(serviceKeys)
        .values({ kid, jwk, expiresAt: expiry })
        .onConflictDoUpdate({ target: serviceKeys.kid, set: { expiresAt: expiry } });
      // Never deletes the key just stored: it is newer than all that are due.
      await db
        .delete(serviceKeys)
        .where(lte(serviceKeys.expiresAt, new Date(Date.now() - keptAfterExpiryMs)));
    },

    async list(now) {
      const rows = await db
        .select()
        .from(serviceKeys)
        .where(gt(serviceKeys.expiresAt, new Date(now)))
        .orderBy(desc(serviceKeys.expiresAt), asc(serviceKeys.kid))
        .limit(maxKeys);
      return rows.map(({ kid, jwk, expiresAt }) => ({ kid, jwk, expiresAt: expiresAt.getTime() }));
    },
  };
}
