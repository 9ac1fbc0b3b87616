import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPostgres } from '../postgres/binaries.ts';
import { createClient } from '../postgres/client.ts';
import { prepareDataDirectory, superuser } from '../postgres/data-directory.ts';
import { chooseRunAs } from '../postgres/run-as.ts';
import { startPostgres } from '../postgres/start.ts';

export type TestStandby = {
  /** A database at each server, without PgBouncer. */
  readonly primaryUrl: string;
  readonly standbyUrl: string;
  /** SIGKILL for the primary, as a crash would. */
  killPrimary(): Promise<void>;
  /** Makes the standby the primary. Resolves when it takes writes. */
  promote(): Promise<void>;
  /** Ends the standby, and starts it again at the same place, where it catches up. */
  stopStandby(): Promise<void>;
  startStandby(): Promise<void>;
  /** Runs a statement at the given URL as an operator. */
  query<R>(url: string, sql: string): Promise<R[]>;
  stop(): Promise<void>;
};

/**
 * Starts a primary with a streaming standby, on random loopback ports. A commit waits for the standby unless
 * `synchronous` is false. Resolves when the standby has connected and has the database.
 *
 * @example
 * const servers = await startTestStandby({ synchronous: true });
 */
export async function startTestStandby({ synchronous }: { synchronous: boolean }): Promise<TestStandby> {
  const first = mkdtempSync(join(tmpdir(), 'latchkey-primary-'));
  const second = `${first}-standby`;
  const common = { durable: false, temporary: true };
  const binaries = findPostgres();
  const runAs = chooseRunAs(binaries.postgres, first);
  await prepareDataDirectory(first, binaries, { runAs, durable: false });
  // No server has run there yet, so a copy of the files is a complete backup. -a keeps the owner.
  execFileSync('cp', ['-a', first, second]);
  if (synchronous) configure(first, "synchronous_standby_names = 'standby'");
  const primary = await startPostgres({ ...common, directory: first });
  const signal = join(second, 'data', 'standby.signal');
  writeFileSync(signal, '');
  const { uid, gid } = statSync(join(second, 'data'));
  chownSync(signal, uid, gid);
  const source = new URL(primary.url('postgres'));
  configure(
    second,
    `primary_conninfo = 'host=127.0.0.1 port=${source.port} user=${source.username} password=${source.password} application_name=standby'`,
  );
  let standby = await startPostgres({ ...common, directory: second });
  const primaryUrl = await primary.createDatabase('shop');
  const standbyUrl = standby.url('shop');
  // As docs/postgres.md tells operators to set it, for PgBouncer.
  await query(primaryUrl, `alter role ${superuser} set statement_timeout = '5s'`);
  await until(() => query(standbyUrl, 'select 1'));
  if (synchronous)
    await until(async () => {
      const rows = await query<{ sync_state: string }>(
        primaryUrl,
        'select sync_state from pg_stat_replication',
      );
      if (rows[0]?.sync_state !== 'sync') throw new Error('The standby is not synchronous yet.');
    });
  return {
    primaryUrl,
    standbyUrl,
    query,
    killPrimary: () => primary.kill(),
    promote: async () => void (await query(standbyUrl, 'select pg_promote()')),
    stopStandby: () => standby.stop(),
    async startStandby() {
      const port = Number(new URL(standbyUrl).port);
      standby = await startPostgres({ ...common, directory: second, port });
    },
    async stop() {
      await Promise.all([primary.kill(), standby.kill()]);
      for (const directory of [first, second]) rmSync(directory, { recursive: true, force: true });
    },
  };
}

function configure(directory: string, line: string): void {
  appendFileSync(join(directory, 'data', 'postgresql.auto.conf'), `${line}\n`);
}

async function query<R>(url: string, sql: string): Promise<R[]> {
  const client = createClient({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as R[];
  } finally {
    await client.end();
  }
}

async function until(isSo: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + 120_000; ; await sleep(50)) {
    try {
      await isSo();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}
