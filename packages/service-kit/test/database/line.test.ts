import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '@latchkey/dev-stack/testing';
import { eventually, standStillFor } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { Type } from 'typebox';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  currentSetting,
  type Database,
  isDatabaseUnavailable,
  loadConfig,
  openDatabase,
} from '../../src/index.ts';
import { type NetworkLink, startNetworkLink } from '../../src/testing/index.ts';

// A busy machine may take some hundred milliseconds to read an answer that has come.
const silentMs = 2_000;

let folder: string;
let database: TestDatabase;
let link: NetworkLink;
let opened: Database<Record<string, never>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'no-migrations-'));
  await mkdir(join(folder, 'meta'));
  const journal = { version: '7', dialect: 'postgresql', entries: [] };
  await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify(journal));
});
afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  database = await createTestDatabase();
  link = await startNetworkLink(database.url);
});
afterEach(async () => {
  await link.close();
  await opened.close();
  await database.drop();
});

async function open(url: string | (() => string), poolSize = 4, limitMs = silentMs): Promise<void> {
  opened = await openDatabase({
    config: {
      get DATABASE_URL() {
        return typeof url === 'string' ? url : url();
      },
      DATABASE_POOL_SIZE: poolSize,
      DATABASE_TIMEOUT_MS: 20_000,
    },
    schema: {},
    migrationsFolder: folder,
    applicationName: 'test-service',
    silentMs: limitMs,
  });
}

async function errorOf(query: PromiseLike<unknown>): Promise<unknown> {
  try {
    await query;
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What is written to the connections of this pool from now on. */
function recordStatements(pool: pg.Pool): () => readonly string[] {
  const sent: string[] = [];
  pool.on('acquire', (client) => {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    const write = stream.write.bind(stream) as (...of: unknown[]) => boolean;
    const recording = (data: unknown, ...rest: unknown[]) => {
      sent.push(String(data));
      return write(data, ...rest);
    };
    Object.assign(stream, { write: recording });
  });
  return () => sent;
}

async function pauseLongerThanSilence(limitMs = silentMs): Promise<void> {
  const other = new pg.Client(database.url);
  await other.connect();
  await other.query(`select pg_sleep(${(limitMs + 100) / 1000})`);
  await other.end();
}

describe('a connection to Postgres that falls silent', () => {
  it('fails one query, and takes its idle neighbours with it: the next one has a new connection', async () => {
    await open(link.url);
    await Promise.all([1, 2, 3, 4].map(() => opened.db.execute(sql`select pg_sleep(0.05)`)));
    expect(opened.pool.totalCount).toBe(4);
    link.silence();
    expect(isDatabaseUnavailable(await errorOf(opened.db.execute(sql`select 1`)))).toBe(true);
    await eventually('all four connections are given up', () => expect(opened.pool.totalCount).toBe(0));
    for (let query = 0; query < 4; query += 1) await opened.db.execute(sql`select 1`);
  });

  it('is found out also after it was idle for longer than that', async () => {
    await open(link.url, 1);
    await opened.db.execute(sql`select 1`);
    await pauseLongerThanSilence();
    link.silence();
    expect(isDatabaseUnavailable(await errorOf(opened.db.execute(sql`select 1`)))).toBe(true);
    await opened.db.execute(sql`select 1`);
  });

  it('fails a transaction at once, without waiting for its end as well', async () => {
    await open(link.url, 1);
    const sent = recordStatements(opened.pool);
    const error = await errorOf(
      opened.db.transaction(async (tx) => {
        await tx.execute(sql`select 1`);
        link.silence();
        await tx.execute(sql`select 1`);
      }),
    );
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(sent().filter((text) => text.includes('rollback'))).toEqual([]);
    expect(sent().filter((text) => text.includes('select 1'))).toHaveLength(2);
    await opened.db.transaction((tx) => tx.execute(sql`select 1`));
  });

  it('does not count as silent when the answer came while this process stood still', async () => {
    await open(database.url, 1);
    await opened.ping();
    const answer = opened.pool.query('select 1 as one');
    await setImmediate();
    standStillFor(silentMs + 100);
    expect((await answer).rows).toEqual([{ one: 1 }]);
  });

  it('does not count as silent without queries, or while Postgres answers in time', async () => {
    const limitMs = 6_000;
    await open(database.url, 1, limitMs);
    const backend = async () =>
      (await opened.db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid, pg_sleep(0.8)`)).rows[0]
        ?.pid;
    const first = await backend();
    await pauseLongerThanSilence(limitMs);
    expect(await backend()).toBe(first);
  });
});

describe('a read-only server', () => {
  it('is not ready, and the next connection may find the one that takes writes', async () => {
    await open(database.url, 1);
    await opened.db.execute(sql`set default_transaction_read_only = on`);
    await expect(opened.ping()).rejects.toThrow('read-only');
    await opened.ping();
  });

  it('refuses a write, which is 503, and all connections to it are given up', async () => {
    await open(database.url, 3);
    await opened.db.execute(sql`create table t (v int)`);
    const readOnly = () =>
      opened.db.execute(sql`select set_config('default_transaction_read_only', 'on', false), pg_sleep(0.05)`);
    await Promise.all([1, 2, 3].map(readOnly));
    expect(isDatabaseUnavailable(await errorOf(opened.db.execute(sql`insert into t values (1)`)))).toBe(true);
    await eventually('all connections are given up', () => expect(opened.pool.totalCount).toBe(0));
    await opened.db.execute(sql`insert into t values (1)`);
  });
});

describe('a password that changes', () => {
  const role = 'rotated';
  const withPassword = (password: string): string => {
    const url = new URL(link.url);
    url.username = role;
    url.password = password;
    return url.href;
  };
  let file: string;
  let admin: pg.Client;

  beforeEach(async () => {
    file = join(folder, 'database-url');
    admin = new pg.Client(database.url);
    await admin.connect();
    await admin.query(`create role ${role} login password 'first' in role pg_read_all_data`);
    await admin.query(`grant all on database "${new URL(database.url).pathname.slice(1)}" to ${role}`);
    await writeFile(file, withPassword('first'));
    const config = loadConfig(Type.Object({ DATABASE_URL: Type.String({ pattern: '^postgres' }) }), {
      DATABASE_URL_FILE: file,
    });
    await open(() => currentSetting(config, 'DATABASE_URL'));
  });
  afterEach(async () => {
    await opened.close();
    await admin.query(`drop owned by ${role}`);
    await admin.query(`drop role ${role}`);
    await admin.end();
    opened = { ...opened, close: async () => {} };
  });

  const hangUp = () =>
    admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'`);
  const fails = async () => isDatabaseUnavailable(await errorOf(opened.db.execute(sql`select 1`)));
  const steps = {
    'in Postgres': () => admin.query(`alter role ${role} password 'second'`),
    'in the file': () => writeFile(file, withPassword('second')),
  };

  it.each([
    ['in Postgres', 'in the file'],
    ['in the file', 'in Postgres'],
  ] as const)('first %s, then %s: in between it is 503, afterwards all is well', async (first, second) => {
    await opened.ping();
    await steps[first]();
    await hangUp();
    // The closed connection fails by itself; later ones fail because of the password.
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await fails()).toBe(true);
    await steps[second]();
    await opened.ping();
  });

  it('is not taken from a file that is empty or gone for the moment', async () => {
    await writeFile(file, '');
    await hangUp();
    await rm(file);
    await errorOf(opened.ping());
    await opened.ping();
  });
});
