import { nowOrNever } from '@latchkey/service-kit';
import { eq } from 'drizzle-orm';
import { type Database, redisDataSets } from '../../database/schema.ts';
import type { DataSetMemory } from './data-sets.ts';

/** Stores in Postgres which data set each shard of Redis is known to have, for all replicas. */
export function createDataSetStore(db: Database): DataSetMemory {
  return {
    async readAll() {
      const rows = await db.select().from(redisDataSets);
      return new Map(rows.map(({ shard, id, isFirst }) => [shard, { id, isFirst }]));
    },

    async keepFirst(shard, id) {
      await db.insert(redisDataSets).values({ shard, id, isFirst: true }).onConflictDoNothing();
      const [kept] = await db.select().from(redisDataSets).where(eq(redisDataSets.shard, shard));
      return kept ?? { id, isFirst: true };
    },

    async replace(shard, id) {
      const changed = { id, isFirst: false };
      await nowOrNever(db, (tx) =>
        tx
          .insert(redisDataSets)
          .values({ shard, ...changed })
          .onConflictDoUpdate({ target: redisDataSets.shard, set: changed }),
      );
    },
  };
}
