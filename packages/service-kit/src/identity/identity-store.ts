import { asc, desc, gt, lte } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type ServiceJwk, serviceKeys } from './service-keys-table.ts';

/** The public half of one replica's key. */
export interface PublishedServiceKey {
  readonly kid: string;
  readonly jwk: ServiceJwk;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What auth-client's createServiceIdentity takes as `store`. */
export interface ServiceIdentityStore {
  put(key: PublishedServiceKey): Promise<void>;
  list(now: number): Promise<PublishedServiceKey[]>;
}

/** Key sets of more than 64 keys are refused by those who verify with them. */
const maxKeys = 60;
/** Kept for a while after they expire, for whoever looks into what happened. */
const keptAfterExpiryMs = 3_600_000;

/**
 * Keeps the public keys of a service's replicas in the service's own Postgres, in the table `service_keys`, so that
 * every replica can publish them all. Times are the caller's: replicas' clocks may differ by seconds, keys live for
 * minutes.
 *
 * Does not check the keys: only this service writes there.
 *
 * @example
 * const store = createIdentityStore(database.db);
 * const identity = createServiceIdentity({ clientId: 'payment-service', store });
 */
export function createIdentityStore(
  // Only the query builder is used, whatever the schema is.
  db: Pick<NodePgDatabase<Record<string, unknown>>, 'insert' | 'delete' | 'select'>,
): ServiceIdentityStore {
  return {
    async put({ kid, jwk, expiresAt }) {
      const expiry = new Date(expiresAt);
      await db
        .insert(serviceKeys)
        .values({ kid, jwk, expiresAt: expiry })
        .onConflictDoUpdate({ target: serviceKeys.kid, set: { expiresAt: expiry } });
      // The key that was just put is newer than any that goes.
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
