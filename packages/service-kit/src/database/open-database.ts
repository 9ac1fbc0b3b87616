import { setTimeout as delay } from 'node:timers/promises';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { Static, TObject } from 'typebox';
import { ConfigError, currentSetting, type serviceConfig } from '../settings/config.ts';
import { urlForPg } from '../settings/postgres-url.ts';
import { createPool } from './client.ts';
import { asConnectionError, isDatabaseUnavailable } from './errors.ts';
import { giveBackConnections } from './transactions.ts';

/** Settings of serviceConfig. The URL is read again for each connection, because the password may have changed. */
export type DatabaseConfig = Pick<
  Static<TObject<typeof serviceConfig>>,
  'DATABASE_URL' | 'DATABASE_POOL_SIZE' | 'DATABASE_TIMEOUT_MS'
>;

export type DatabaseOptions<S extends Record<string, unknown>> = {
  config: DatabaseConfig;
  /** The drizzle schema. */
  schema: S;
  /** The folder that drizzle-kit wrote. */
  migrationsFolder: string;
  /** Our name in pg_stat_activity. */
  applicationName: string;
  /** After how much silence a connection counts as dead. Default 6 s: longer than a statement may take. */
  silentMs?: number;
};

export type Database<S extends Record<string, unknown>> = {
  db: NodePgDatabase<S>;
  pool: pg.Pool;
  /** Rejects when the database does not answer or is read-only, such as a replica that was not promoted. */
  ping(): Promise<void>;
  /** Waits for running queries, then closes every connection. */
  close(): Promise<void>;
};

const firstConnectionMs = 15_000;
const retryEveryMs = 250;
// A new connection costs Postgres a process and a password check. With a short timeout, every wave of people pays.
const idleConnectionMs = 300_000;
const statementTimeoutMs = 5000;
const silentLineMs = statementTimeoutMs + 1000;
// The kernel probes an idle connection after this time, and then every second, ten times.
const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: 5000 };
const migrationTimeoutMs = 120_000;
// Any number that no one else uses in the same database: "latchkey" in hex, shortened.
const migrationLock = 0x1a7c_4e79;

/**
 * Connects to Postgres, migrates its tables and returns a pool. Several replicas may start at once: an advisory lock
 * lets one migrate while the others wait. Where nothing is left to migrate, the role needs no right to change tables.
 * The first connection is retried for 15 s.
 *
 * Afterwards an outage of the database does not end the process: queries reject until it is back, and the error handler
 * answers 503. A silent connection is closed after 6 s. Does not create the database.
 *
 * @throws the last connection error after 15 s; at once for a wrong password, a missing database or a certificate.
 * @throws ConfigError if a pooler refuses or ignores the time limits of statements.
 * @example
 * const database = await openDatabase({ config, schema, migrationsFolder, applicationName: 'cart-service' });
 */
export async function openDatabase<S extends Record<string, unknown>>(
  options: DatabaseOptions<S>,
): Promise<Database<S>> {
  const { config, schema } = options;
  await migrateDatabase(options);
  const pool = createPool(
    {
      max: config.DATABASE_POOL_SIZE,
      application_name: options.applicationName,
      connectionTimeoutMillis: config.DATABASE_TIMEOUT_MS,
      idleTimeoutMillis: idleConnectionMs,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs * 2,
      ...keepAlive,
    },
    {
      url: () => urlForPg(currentSetting(config, 'DATABASE_URL')),
      silentMs: options.silentMs ?? silentLineMs,
    },
  );
  // Without a listener, an idle connection that breaks would end the process. The next query replaces it.
  pool.on('error', () => {});
  const db = drizzle(pool, { schema });
  giveBackConnections(db, { pool, schema });
  return {
    db,
    pool,
    ping: async () => {
      const client = await pool.connect();
      let isUsable = false;
      try {
        const { rows } = await client.query("select current_setting('transaction_read_only') as read_only");
        if (rows[0]?.read_only === 'on') throw new Error('Postgres is read-only.');
        isUsable = true;
      } finally {
        // The next connection may lead to the server that takes writes now.
        client.release(!isUsable);
      }
    },
    close: () => pool.end(),
  };
}

/** Applies the migrations that are missing, as `openDatabase` does first. */
export async function migrateDatabase(
  options: Pick<DatabaseOptions<never>, 'config' | 'migrationsFolder' | 'applicationName'>,
): Promise<void> {
  const client = await firstConnection(options);
  try {
    if (await isMigrated(client, options.migrationsFolder)) return;
    // Behind a pooler in transaction mode a session belongs to us for one transaction only, so the lock and the settings
    // end with it. Drizzle begins it once more, at which Postgres warns, and commits it.
    await client.query('begin');
    // If this connection dies, the server must not keep the lock for the two hours until it would notice.
    await client.query(
      `select set_config('statement_timeout', $1, true),
        set_config('tcp_keepalives_idle', '10', true), set_config('tcp_keepalives_count', '3', true)`,
      [String(migrationTimeoutMs)],
    );
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await migrate(drizzle(client), { migrationsFolder: options.migrationsFolder });
  } finally {
    // Ending the session rolls back what was not committed.
    await client.end();
  }
}

// Drizzle would first make its own table if it is not there, which needs the right to make tables even if it is.
async function isMigrated(client: pg.Client, migrationsFolder: string): Promise<boolean> {
  const newest = Math.max(
    ...readMigrationFiles({ migrationsFolder }).map(({ folderMillis }) => folderMillis),
  );
  const { rows } = await client.query(
    "select to_regclass('drizzle.__drizzle_migrations') is not null as exists",
  );
  if (!rows[0]?.exists) return false;
  const applied = await client.query('select max(created_at) as newest from drizzle.__drizzle_migrations');
  return Number(applied.rows[0]?.newest) >= newest;
}

/** @throws if the time limit that each connection asks for has not arrived, as behind PgBouncer. */
async function proveTimeLimit(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    "select current_setting('statement_timeout') as value, current_user as role",
  );
  if (rows[0]?.value !== '0') return;
  const role = pg.escapeIdentifier(rows[0].role);
  throw new ConfigError([
    `The pooler before Postgres ignores the time limit of statements. Set it in Postgres: ALTER ROLE ${role} SET statement_timeout = '5s'; ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '10s'; then close the pooler's connections.`,
  ]);
}

// Waiting does not help with a wrong password or a missing database.
const refusals = /^(?:28|3D)/;
// The system's codes, and TLS that breaks. A certificate has others (CERT_…, ERR_TLS_…, ERROR_IN_CERT_…), and stays as
// it is.
const lineFaults = /^(?:E(?!RR)|ERR_SSL_(?!.*(?:CERT|UNKNOWN_CA)))/;

async function firstConnection({
  config,
  applicationName,
}: Pick<DatabaseOptions<never>, 'config' | 'applicationName'>): Promise<pg.Client> {
  const giveUpAt = Date.now() + firstConnectionMs;
  for (;;) {
    const client = new pg.Client({
      connectionString: urlForPg(currentSetting(config, 'DATABASE_URL')),
      application_name: `${applicationName} migration`,
      connectionTimeoutMillis: config.DATABASE_TIMEOUT_MS,
      statement_timeout: migrationTimeoutMs,
      query_timeout: migrationTimeoutMs + 1000,
      ...keepAlive,
    });
    client.on('error', asConnectionError);
    try {
      await client.connect();
      // A pooler accepts us also when it cannot reach Postgres. Only an answer shows that.
      await proveTimeLimit(client);
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      if (/unsupported startup parameter/.test(String(error)))
        throw new ConfigError([
          'The pooler before Postgres refuses a parameter. PgBouncer needs: ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout',
        ]);
      const code = String((error as { code?: unknown }).code);
      if (lineFaults.test(code)) asConnectionError(error as Error);
      if (refusals.test(code) || !isDatabaseUnavailable(error) || Date.now() >= giveUpAt) throw error;
      await delay(retryEveryMs);
    }
  }
}
