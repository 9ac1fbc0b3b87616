import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createTestDatabase,
  lacksPgBouncer,
  startTestPgBouncer,
  type TestDatabase,
  type TestPgBouncer,
} from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, isDatabaseUnavailable, openDatabase } from '../../src/index.ts';
import { type NetworkLink, startNetworkLink } from '../../src/testing/index.ts';

const schema = { counters: pgTable('counters', { value: integer().notNull() }) };
const { counters } = schema;

// Slow enough that several migrators meet, and not repeatable.
const migration = `create table counters (value integer not null);
--> statement-breakpoint
select pg_sleep(0.2);
--> statement-breakpoint
insert into counters values (1);`;

describe.skipIf(lacksPgBouncer)('PgBouncer in transaction mode (skipped where there is none)', () => {
  let folder: string;
  let database: TestDatabase;
  let link: NetworkLink;
  let pgBouncer: TestPgBouncer;
  let url: string;
  const opened: Database<typeof schema>[] = [];
  const boundStatements = async () => {
    const name = new URL(database.url).pathname.slice(1);
    await direct(`alter database ${name} set statement_timeout = '5s'`);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    await mkdir(join(folder, 'meta'));
    await writeFile(join(folder, '0000_first.sql'), migration);
    const entries = [{ idx: 0, version: '7', when: 1, tag: '0000_first', breakpoints: true }];
    const journal = { version: '7', dialect: 'postgresql', entries };
    await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify(journal));
    database = await createTestDatabase();
    link = await startNetworkLink(database.url);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await pgBouncer.stop();
    await link.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  async function start(settings: Record<string, string> = {}) {
    pgBouncer = await startTestPgBouncer(link.url, settings);
    url = pgBouncer.urlOf(database.url);
  }

  async function open(poolSize = 2) {
    const config = { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize, DATABASE_TIMEOUT_MS: 20_000 };
    const one = await openDatabase({ config, schema, migrationsFolder: folder, applicationName: 'test' });
    opened.push(one);
    return one;
  }

  async function direct<R extends pg.QueryResultRow>(text: string): Promise<R[]> {
    const client = new pg.Client(database.url);
    await client.connect();
    try {
      return (await client.query<R>(text)).rows;
    } finally {
      await client.end();
    }
  }

  const errorOf = (query: PromiseLike<unknown>) =>
    query.then(
      () => undefined,
      (error: unknown) => error,
    );

  test('one replica migrates while others wait, and the sessions that all share keep no lock and no setting', async () => {
    await start({ default_pool_size: '4' });
    await boundStatements();
    const databases = await Promise.all(Array.from({ length: 6 }, () => open()));
    for (const { db } of databases) expect(await db.select().from(counters)).toEqual([{ value: 1 }]);
    const locks = await direct(`select mode from pg_locks where locktype = 'advisory' and
      database = (select oid from pg_database where datname = current_database())`);
    expect(locks).toEqual([]);
    // Each transaction has a session of its own meanwhile, so these are all that there are.
    let missing = 4;
    const { promise: allHaveBegun, resolve } = Promise.withResolvers<void>();
    const sessions = databases.slice(0, missing).map(({ db }) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select 1`);
        missing -= 1;
        if (missing === 0) resolve();
        await allHaveBegun;
        const { rows } = await tx.execute(sql`select pg_backend_pid() as pid,
          array(select name from pg_settings where source = 'session' and name ~ 'tcp|timeout') as changed,
          array(select name from pg_prepared_statements) as statements,
          array(select pg_listening_channels()) as channels`);
        return rows[0];
      }),
    );
    const found = await Promise.all(sessions);
    expect(new Set(found.map((row) => row?.['pid'])).size).toBe(4);
    for (const row of found) expect(row).toMatchObject({ changed: [], statements: [], channels: [] });
  });

  test('a service says at its start what to set: the time limit of statements must not be lost', async () => {
    await start({ ignore_startup_parameters: '' });
    await expect(open()).rejects.toThrow(/ignore_startup_parameters = statement_timeout/);
    await pgBouncer.stop();
    await start();
    await expect(open()).rejects.toThrow(/ALTER ROLE "latchkey" SET statement_timeout/);
    await boundStatements();
    // Sessions from before do not have it.
    await database.hangUp();
    const { pool } = await open();
    const { rows } = await pool.query("select current_setting('statement_timeout') as value");
    expect(rows).toEqual([{ value: '5s' }]);
  });

  test('a service that starts waits until PgBouncer has reached Postgres', async () => {
    await start();
    await boundStatements();
    // From now on PgBouncer accepts clients without having a server for them.
    await (await open()).ping();
    await link.cut();
    const opening = open();
    await eventually('PgBouncer accepted a client and has no server for it', async () => {
      const client = new pg.Client(url);
      client.on('error', () => {});
      await client.connect();
      expect(await errorOf(client.query('select 1'))).toBeDefined();
    });
    await link.restore();
    await (await opening).ping();
  });

  test('each of its refusals is 503, and so is a session that ends', async () => {
    await start({ default_pool_size: '1', max_client_conn: '3', query_wait_timeout: '1' });
    await boundStatements();
    const { db } = await open(4);
    const refusals: string[] = [];
    const refused = async (query: PromiseLike<unknown>) => {
      const error = await errorOf(query);
      expect(isDatabaseUnavailable(error), String(error)).toBe(true);
      refusals.push(String((error as Error).cause));
    };
    // The only session is taken, so two wait for it in vain, and the third client is one too many.
    await db.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      await Promise.all([1, 2, 3].map(() => refused(db.execute(sql`select 1`))));
    });
    await refused(
      db.transaction(async (tx) => {
        await tx.execute(sql`select 1`);
        await database.hangUp();
        await tx.execute(sql`select 1`);
      }),
    );
    await link.cut();
    await refused(db.execute(sql`select 1`));
    await refused(db.execute(sql`select 1`));
    for (const reason of [
      'no more connections allowed',
      'query_wait_timeout',
      'server login has been failing',
    ])
      expect(refusals.join('\n')).toContain(reason);
  });
});
