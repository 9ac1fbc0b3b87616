import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError } from '../errors.ts';
import { findPgBouncer } from '../pgbouncer/provide.ts';
import { chooseRunAs } from '../postgres/run-as.ts';
import { startChild } from '../processes/child.ts';
import { serverEnvironment } from '../processes/environment.ts';
import { freePort, isAnswered } from '../processes/ports.ts';

export type TestPgBouncer = {
  /** The URL of a server's database, through PgBouncer. */
  urlOf(serverUrl: string): string;
  /** Sends everybody to another server with the same passwords, as an operator does: new settings, and SIGHUP. */
  pointTo(serverUrl: string): void;
  stop(): Promise<void>;
};

/** Undefined if this machine has none: tests are then skipped, except in CI, where they fail. */
export const pgBouncerProgram = findPgBouncer();
/** For `skipIf`. */
export const lacksPgBouncer = pgBouncerProgram === undefined && process.env['CI'] === undefined;

/** What docs/postgres.md tells operators to set, and short waits. */
const recommended = {
  pool_mode: 'transaction',
  max_client_conn: '200',
  default_pool_size: '10',
  ignore_startup_parameters: 'statement_timeout,idle_in_transaction_session_timeout',
  server_connect_timeout: '2',
  server_login_retry: '1',
  query_wait_timeout: '5',
};

/**
 * Starts a real PgBouncer in transaction mode on a random loopback port, before the Postgres that `serverUrl` names. It
 * has the settings of docs/postgres.md, and `settings`.
 *
 * @throws DevStackError if there is no PgBouncer, or it does not start
 * @example const pgBouncer = await startTestPgBouncer(database.url, { default_pool_size: '2' });
 */
export async function startTestPgBouncer(
  serverUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestPgBouncer> {
  if (pgBouncerProgram === undefined) throw new DevStackError('There is no PgBouncer: install pgbouncer.');
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-pgbouncer-'));
  // PgBouncer refuses to run as root, as Postgres does.
  const { prefix, ...ids } = chooseRunAs(pgBouncerProgram, directory);
  const { uid, gid } = statSync(directory);
  const write = (name: string, text: string) => {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    chownSync(file, uid, gid);
    return file;
  };
  const { username, password } = new URL(serverUrl);
  const users = write('users', `"${username}" "${decodeURIComponent(password)}"\n`);
  const configure = (port: number, target: string) => {
    const server = new URL(target);
    const all = { ...recommended, listen_addr: '127.0.0.1', listen_port: String(port), unix_socket_dir: '' };
    const lines = Object.entries({ ...all, auth_type: 'scram-sha-256', auth_file: users, ...settings });
    return write(
      'pgbouncer.ini',
      `[databases]\n* = host=${server.hostname} port=${server.port}\n[pgbouncer]\n${lines.map(([name, value]) => `${name} = ${value}\n`).join('')}`,
    );
  };
  const remove = () => rmSync(directory, { recursive: true, force: true });
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const file = configure(port, serverUrl);
    const [command = '', ...args] = [...prefix, pgBouncerProgram, file];
    const logFile = join(directory, 'pgbouncer.log');
    const orphan = { signal: 'SIGTERM', remove: directory } as const;
    const child = await startChild(command, args, { ...ids, env: serverEnvironment(), logFile, orphan });
    while (child.exit() === undefined && !(await isAnswered(port, '127.0.0.1'))) await sleep(5);
    if (child.exit() === undefined) {
      return {
        urlOf(url) {
          const through = new URL(url);
          through.host = `127.0.0.1:${port}`;
          return through.href;
        },
        pointTo(url) {
          configure(port, url);
          child.send('SIGHUP');
        },
        async stop() {
          // Does not wait for clients, as SIGINT would.
          await child.stop('SIGTERM', 2_000);
          remove();
        },
      };
    }
    const output = readFileSync(logFile, 'utf8').trim();
    if (attempt === 3 || !/in use/i.test(output)) {
      remove();
      throw new DevStackError(`PgBouncer did not start: ${output}`);
    }
  }
}
