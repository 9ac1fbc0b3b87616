import type { IdentityStore } from '@latchkey/auth-client';
import { asc, desc, gt, lte, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { serviceKeys } from './service-keys-table.ts';

/** Verifiers refuse key sets of more than 64 keys. */
const maxKeys = 60;

/**
 * Keeps the public keys of a service's replicas in the table `service_keys` of the service's own Postgres, so that
 * every replica can publish them all. Times come from the caller and are kept by Postgres' clock: a replica whose own
 * clock is ahead deletes no other's key.
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
      const expiry = byPostgres(expiresAt);
      await db
        .insert(serviceKeys)
        .values({ kid, jwk, expiresAt: expiry })
        .onConflictDoUpdate({ target: serviceKeys.kid, set: { expiresAt: expiry } });
      // Expired keys are kept for a while, for investigations.
      await db.delete(serviceKeys).where(lte(serviceKeys.expiresAt, sql`now() - interval '1 hour'`));
    },

    async list(now) {
      const rows = await db
        .select()
        .from(serviceKeys)
        .where(gt(serviceKeys.expiresAt, byPostgres(now)))
        .orderBy(desc(serviceKeys.expiresAt), asc(serviceKeys.kid))
        .limit(maxKeys);
      return rows.map(({ kid, jwk, expiresAt }) => ({ kid, jwk, expiresAt: expiresAt.getTime() }));
    },
  };
}

/** A time of this process's clock, by that of Postgres. */
function byPostgres(ms: number) {
  return sql`now() + make_interval(secs => ${(ms - Date.now()) / 1000})`;
}
