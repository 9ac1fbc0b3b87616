import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { ProofStore } from './proof-replays.ts';

/** What the store needs of a Postgres client. A pool of `pg` has it as it is. */
export type PostgresQueries = {
  query(text: string, values: unknown[]): Promise<{ rowCount: number | null; rows: unknown[] }>;
};

/** Creates the table of createPostgresProofStore. */
export const usedProofsSql = `
create table if not exists used_proofs (id text primary key, expires_at timestamptz not null, value text);
create index if not exists used_proofs_expires_at on used_proofs (expires_at);`;

const useSql = `
insert into used_proofs (id, expires_at) values ($1, now() + make_interval(secs => $2)) on conflict (id) do nothing`;

// An update that changes nothing, so that the row of somebody else is returned as well.
const nonceKeySql = `
insert into used_proofs (id, expires_at, value) values ('nonce key', 'infinity', $1)
on conflict (id) do update set expires_at = 'infinity' returning value`;

// Without the rows that another replica is deleting.
const cleanSql = `
delete from used_proofs where id in (
  select id from used_proofs where expires_at < now() for update skip locked)`;

const cleanEveryMs = 30_000;

/**
 * Keeps used proofs in Postgres, in the table `used_proofs` (usedProofsSql). Each is accepted once by all who share the
 * database, also after a crash, as far as Postgres keeps what it has committed. Costs one insert for each proof. Rows are
 * deleted half a minute after they have expired, by the next use; times are by Postgres' clock.
 *
 * Does not create the table, and sets no time limits: replaysInStore gives it a second.
 *
 * @example
 * const pool = new pg.Pool({ connectionString, query_timeout: 1000 });
 * await app.register(authClient, { …, proofStore: createPostgresProofStore(pool) });
 */
export function createPostgresProofStore(
  database: PostgresQueries,
  { clock = systemClock }: { readonly clock?: Pick<Clock, 'monotonicMs'> } = {},
): Required<ProofStore> {
  let cleanedAtMs = clock.monotonicMs();

  function clean(): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - cleanedAtMs < cleanEveryMs) return;
    cleanedAtMs = nowMs;
    // A failure costs nothing but space until the next time.
    database.query(cleanSql, []).catch(() => {});
  }

  return {
    async use(id, seconds) {
      const { rowCount } = await database.query(useSql, [id, seconds]);
      clean();
      return rowCount === 1;
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
