import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { isDatabaseUnavailable } from './errors.ts';

/**
 * Makes a drizzle database return the connection of every transaction to the pool, whatever fails. Drizzle itself never
 * returns it when BEGIN fails, and reuses broken connections (drizzle-orm#6114), so that a short outage of the database
 * can leave the pool empty.
 *
 * @example
 * const db = drizzle(pool, { schema });
 * giveBackConnections(db, { pool, schema });
 * await db.transaction((tx) => tx.insert(counters).values({ value: 1 }));
 */
export function giveBackConnections<S extends Record<string, unknown>>(
  db: NodePgDatabase<S>,
  { pool, schema }: { readonly pool: pg.Pool; readonly schema: S },
): void {
  const onClients = new WeakMap<pg.PoolClient, NodePgDatabase<S>>();
  const on = (client: pg.PoolClient): NodePgDatabase<S> => {
    const known = onClients.get(client) ?? drizzle(client, { schema });
    onClients.set(client, known);
    return known;
  };

  db.transaction = async (work, config) => {
    const client = await pool.connect();
    let broken = false;
    try {
      return await on(client).transaction(work, config);
    } catch (error) {
      broken = isDatabaseUnavailable(error);
      throw error;
    } finally {
      client.release(broken);
    }
  };
}

/**
 * Runs a statement that does nothing later if it fails now. When a line stalls we give up waiting, but Postgres still
 * reads the statement once the line is back. Alone it would then undo what others have done meanwhile. In a transaction
 * it also needs a COMMIT, which we send only after its answer.
 *
 * Does not help if the COMMIT itself stalls: the change can still come then, within the 10 s after which Postgres ends
 * an idle transaction. Its rows are locked until then.
 *
 * @example
 * await nowOrNever(db, (tx) => tx.delete(carts).where(eq(carts.subject, subject)));
 */
export function nowOrNever<S extends Record<string, unknown>, Result>(
  db: NodePgDatabase<S>,
  statement: (tx: Parameters<Parameters<NodePgDatabase<S>['transaction']>[0]>[0]) => Promise<Result>,
): Promise<Result> {
  return db.transaction(statement);
}
