import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@latchkey/testing';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startPostgres } from '../../src/postgres/start.ts';

let directory: string;
const stops: (() => Promise<void>)[] = [];
// mkdtemp creates it with mode 0700. When the tests run as root, an unprivileged Postgres cannot enter it.
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'latchkey-test-')), 'postgres');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const stop of stops.splice(0)) await stop();
  rmSync(join(directory, '..'), { recursive: true, force: true });
});

async function start() {
  const postgres = await startPostgres({ directory, durable: false });
  stops.push(postgres.stop);
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('starts in a folder that only its owner can enter, and keeps data between starts', async () => {
  const first = await start();
  const url = await first.createDatabase('cart');
  await query(url, 'CREATE TABLE item AS SELECT 7 AS id');
  await first.stop();
  expect(() => process.kill(first.pid, 0)).toThrow(/ESRCH/);

  const second = await start();
  expect(await query(await second.createDatabase('cart'), 'SELECT id FROM item')).toEqual([{ id: 7 }]);
});

test.runIf(process.getuid?.() === 0)('a user without a name is told what to do', async () => {
  const nobodys = 2 ** 31 - 7;
  mkdirSync(directory);
  chownSync(directory, nobodys, nobodys);
  chmodSync(join(directory, '..'), 0o755);
  await expect(start()).rejects.toThrow(
    /^Postgres is set up only by a user with a name, and 2147483641 has none in \/etc\/passwd: .*--volume/,
  );
});

test('starts whatever the shell’s environment says about another Postgres, or an unknown time zone or locale', async () => {
  const foreign = {
    ...{ PGSSLMODE: 'require', PGSSLNEGOTIATION: 'sideways', PGOPTIONS: '-c no_such_setting=1' },
    ...{ PGHOST: 'db.invalid', PGHOSTADDR: '192.0.2.1', PGPORT: '1', PGSERVICE: 'other', PGUSER: 'other' },
    ...{ PGDATABASE: 'other', PGPASSWORD: 'guess', PGPASSFILE: '/nowhere', PGREPLICATION: 'true' },
    ...{ PGCLIENTENCODING: 'klingon', PGDATESTYLE: 'none', PGTZ: 'No/Where', PGDATA: '/nowhere' },
    ...{ PGCONNECT_TIMEOUT: 'soon', PGTARGETSESSIONATTRS: 'standby', LC_ALL: 'xx_YY.UTF-8', TZ: 'No/Where' },
  };
  for (const [name, value] of Object.entries(foreign)) vi.stubEnv(name, value);
  const postgres = await start();
  const url = await postgres.createDatabase('cart');
  // Settings of the shell for other programs are unchanged.
  expect(process.env).toMatchObject(foreign);
  vi.unstubAllEnvs();
  expect(await query(url, 'SHOW timezone')).toEqual([{ TimeZone: 'UTC' }]);
});

test.runIf(process.platform === 'linux')(
  'starts with its own libraries where LD_LIBRARY_PATH names others of the same names',
  async () => {
    const libraries = join(directory, '..', 'other-postgres');
    mkdirSync(libraries);
    for (const name of ['libpq.so.5', 'libz.so.1', 'libssl.so.1.1']) writeFileSync(join(libraries, name), '');
    // Also for another user, as whom Postgres runs when the tests run as root.
    chmodSync(join(directory, '..'), 0o755);
    vi.stubEnv('LD_LIBRARY_PATH', libraries);
    const postgres = await start();
    expect(await query(postgres.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  },
);

test('does not let anybody in without the password', async () => {
  const postgres = await start();
  const url = new URL(postgres.url('postgres'));
  url.password = 'guess';
  await expect(query(url.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
});

test('a Postgres left running on the same data is stopped first, and its data is there', async () => {
  const orphan = await start();
  await query(orphan.url('postgres'), 'CREATE TABLE item AS SELECT 7 AS id');
  const next = await start();
  expect(() => process.kill(orphan.pid, 0)).toThrow(/ESRCH/);
  expect(await query(next.url('postgres'), 'SELECT id FROM item')).toEqual([{ id: 7 }]);
});

test('a Postgres that was killed starts again once the last of its processes has ended', async () => {
  const first = await start();
  const client = new pg.Client({ connectionString: first.url('postgres') });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  await first.kill();
  const second = start();
  try {
    await eventually('Postgres refuses to start beside the remaining processes', () =>
      expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).toContain('pre-existing shared memory'),
    );
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await query((await second).url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a lock file that names a foreign process is removed, and the process is left alone', async () => {
  const first = await start();
  await first.kill();
  const lockFile = join(directory, 'data', 'postmaster.pid');
  const lock = readFileSync(lockFile, 'utf8').split('\n');
  writeFileSync(lockFile, [String(process.ppid), ...lock.slice(1)].join('\n'));
  const second = await start();
  expect(await query(second.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(process.kill(process.ppid, 0)).toBe(true);
});

test('data of another Postgres version is refused, with advice', async () => {
  const first = await start();
  await first.stop();
  writeFileSync(join(directory, 'data', 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow('The data here is of Postgres 17, not 18: npm run reset empties it.');
});
