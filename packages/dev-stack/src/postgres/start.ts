import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DevStackError, explainText } from '../errors.ts';
import { type Child, startChild } from '../processes/child.ts';
import { postgresEnvironment } from '../processes/environment.ts';
import { stopOrphan } from '../processes/orphan.ts';
import { freePort } from '../processes/ports.ts';
import { findPostgres } from './binaries.ts';
import { createClient } from './client.ts';
import { prepareDataDirectory, superuser } from './data-directory.ts';
import { chooseRunAs } from './run-as.ts';

export type PostgresOptions = {
  /** Its own folder for data, password and log; created if missing. */
  directory: string;
  /** False: no fsync, which is fast; a crash of the machine may lose data. */
  durable: boolean;
  /** Delete `directory` if this process is killed; for tests. */
  temporary?: boolean;
  /** Chosen at random when absent. */
  port?: number;
  signal?: AbortSignal;
};

export type Postgres = {
  pid: number;
  /** The server's version, such as '18.1'. */
  version: string;
  /** Connection URL of a database. Does not create it. */
  url(database: string): string;
  /** Creates a database if it is missing, and returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** Fast shutdown: ends sessions, writes everything, resolves when the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Settles when the server has ended, for any reason. */
  exited: Promise<unknown>;
};

/**
 * Starts a real Postgres 18 on a loopback port, with a generated password, and waits until it answers a query.
 * The data stays in `directory`. A server left there by a killed run is stopped first. Does not prevent two callers
 * from using one directory at once; startStack does.
 *
 * @throws DevStackError, one line, when it cannot start
 * @example
 * const postgres = await startPostgres({ directory: '.latchkey/postgres', durable: true });
 * const url = await postgres.createDatabase('cart');
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const directory = resolve(options.directory);
  const { durable, signal } = options;
  mkdirSync(directory, { recursive: true });
  const binaries = findPostgres();
  const runAs = chooseRunAs(binaries.postgres, directory);
  const data = join(directory, 'data');
  await stopOrphan({
    pidFile: join(data, 'postmaster.pid'),
    program: /^postgres$/,
    directory: data,
    signal: 'SIGINT',
  });
  const password = await prepareDataDirectory(directory, binaries, { runAs, durable });
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const port = options.port ?? (await freePort());
    const [command = '', ...args] = [
      ...runAs.prefix,
      binaries.postgres,
      ...serverArguments(directory, { port, durable }),
    ];
    const logFile = join(directory, 'postgres.log');
    const { prefix: _, ...ids } = runAs;
    const orphan = {
      signal: 'SIGINT',
      ...(options.temporary === true ? { remove: directory } : {}),
    } as const;
    const child = await startChild(command, args, {
      ...ids,
      cwd: '/',
      env: postgresEnvironment(),
      logFile,
      orphan,
    });
    const url = (database: string) => `postgres://${superuser}:${password}@127.0.0.1:${port}/${database}`;
    let version: string;
    try {
      version = await untilReady(child, url('postgres'), signal);
    } catch (error) {
      await child.stop('SIGINT', 5_000);
      if (signal?.aborted === true) throw error;
      const log = readFileSync(logFile, 'utf8');
      // The child processes of a killed server end a moment after it.
      if (attempt < 100 && /pre-existing shared memory block/.test(log)) {
        await sleep(100);
        continue;
      }
      if (options.port === undefined && attempt < 5 && /could not bind|Address already in use/.test(log))
        continue;
      throw new DevStackError(explainText(log) ?? `Postgres did not start: ${lastFault(log)} (${logFile})`);
    }
    return {
      pid: child.pid,
      version,
      url,
      createDatabase: (name) => createDatabase(url, name),
      stop: async () => void (await child.stop('SIGINT', 15_000)),
      kill: async () => void (await child.kill()),
      exited: child.exited,
    };
  }
}

function serverArguments(directory: string, { port, durable }: { port: number; durable: boolean }): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '64MB',
    // Worker processes for read-ahead gain nothing at this size and cost three processes.
    io_method: 'sync',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // A commit still waits until the operating system has the data, so committed data survives a kill.
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    join(directory, 'data'),
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ];
}

/** Waits until the server answers a query (for its version); a line in the log is not enough. */
async function untilReady(child: Child, url: string, signal?: AbortSignal): Promise<string> {
  // The limit is generous, because recovery after a crash can take a while, and so can everything on an overloaded machine.
  for (const end = Date.now() + 120_000; Date.now() < end; await sleep(20)) {
    signal?.throwIfAborted();
    if (child.exit() !== undefined) throw new DevStackError('Postgres ended while starting.');
    const version = await askVersion(url);
    if (version !== undefined) return version;
  }
  throw new DevStackError('Postgres did not answer within 120 s.');
}

async function askVersion(url: string): Promise<string | undefined> {
  const client = createClient({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

async function createDatabase(url: Postgres['url'], name: string): Promise<string> {
  const client = createClient({ connectionString: url('postgres') });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`).catch((error: { code?: string }) => {
      if (error.code !== '42P04') throw error;
    });
  } finally {
    await client.end();
  }
  return url(name);
}

function lastFault(log: string): string {
  const lines = log.trim().split('\n');
  const line = lines.findLast((text) => /FATAL|PANIC|error/i.test(text)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(FATAL|PANIC):\s*/, '');
}
