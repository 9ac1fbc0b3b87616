import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { type ProofStore, storeTimeoutMs } from './proof-replays.ts';

/** What the store needs of a Postgres client. A pool of `pg` has it as it is. */
export type PostgresQueries = {
  query(text: string, values: unknown[]): Promise<{ rowCount: number | null; rows: unknown[] }>;
};

export type PostgresProofStoreOptions = {
  readonly clock?: Pick<Clock, 'monotonicMs'>;
  /** How long an answer may take before the request is refused. Default 1000. */
  readonly timeoutMs?: number;
};

/** Creates the table of createPostgresProofStore. */
export const usedProofsSql = `
create table if not exists used_proofs (id text primary key, expires_at timestamptz not null, value text);
create index if not exists used_proofs_expires_at on used_proofs (expires_at);`;

// In order, so that two replicas never wait for each other's rows.
const useSql = `
insert into used_proofs (id, expires_at)
select id, now() + make_interval(secs => seconds) from unnest($1::text[], $2::float8[]) as used (id, seconds) order by id
on conflict (id) do nothing returning id`;

// An update that changes nothing, so that the row of somebody else is returned as well.
const nonceKeySql = `
insert into used_proofs (id, expires_at, value) values ('nonce key', 'infinity', $1)
on conflict (id) do update set expires_at = 'infinity' returning value`;

// Without the rows that another replica is deleting.
const cleanSql = `
delete from used_proofs where id in (
  select id from used_proofs where expires_at < now() for update skip locked)`;

const cleanEveryMs = 30_000;
/** Proofs that come while so many statements run share the next one. */
const maxStatements = 2;
/** Bounds one statement. */
const maxBatch = 500;

type Use = {
  readonly id: string;
  readonly seconds: number;
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Keeps used proofs in Postgres, in the table `used_proofs` (usedProofsSql). Each is accepted once by all who share the
 * database, also after a crash, as far as Postgres keeps what it has committed. Under load many proofs share one insert.
 * Rows are deleted half a minute after they have expired, by the next use; times are by Postgres' clock.
 *
 * Does not create the table, and does not cancel a query that takes longer than `timeoutMs` (default 1000), after which
 * the request is refused.
 *
 * @example
 * const pool = new pg.Pool({ connectionString, query_timeout: 1000 });
 * await app.register(authClient, { …, proofStore: createPostgresProofStore(pool) });
 */
export function createPostgresProofStore(
  database: PostgresQueries,
  { clock = systemClock, timeoutMs = storeTimeoutMs }: PostgresProofStoreOptions = {},
): Required<ProofStore> {
  let cleanedAtMs = clock.monotonicMs();

  function clean(): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - cleanedAtMs < cleanEveryMs) return;
    cleanedAtMs = nowMs;
    // A failure costs nothing but space until the next time.
    database.query(cleanSql, []).catch(() => {});
  }

  let waiting: Use[] = [];
  let statements = 0;

  async function insert(uses: readonly Use[]): Promise<void> {
    statements += 1;
    try {
      const { rows } = await database.query(useSql, [
        uses.map(({ id }) => id),
        uses.map(({ seconds }) => seconds),
      ]);
      const added = new Set((rows as { id: string }[]).map(({ id }) => id));
      // Of the same proof twice, the first is the one that was added.
      for (const { id, resolve } of uses) resolve(added.delete(id));
    } catch (error) {
      for (const { reject } of uses) reject(error);
    } finally {
      statements -= 1;
      insertWaiting();
    }
  }

  function insertWaiting(): void {
    if (waiting.length === 0 || statements >= maxStatements) return;
    const uses = waiting.slice(0, maxBatch);
    waiting = waiting.slice(maxBatch);
    void insert(uses);
  }

  return {
    timeoutMs,
    async use(id, seconds) {
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      waiting.push({ id, seconds, resolve, reject });
      insertWaiting();
      const isNew = await promise;
      clean();
      return isNew;
    },
    async nonceKey() {
      const drawn = randomBytes(32).toString('base64url');
      const { rows } = await database.query(nonceKeySql, [drawn]);
      const [row] = rows as { value: string }[];
      if (row === undefined) throw new Error('the key of nonces was not stored');
      return Buffer.from(row.value, 'base64url');
    },
  };
}
