import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '@latchkey/dev-stack';
import { createTestDatabase, type TestDatabase } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, isDatabaseUnavailable, openDatabase } from '../../src/index.ts';
import { startNetworkLink } from '../../src/testing/index.ts';
import { serviceUnderTest } from '../service-under-test.ts';

const counters = pgTable('counters', { value: integer().notNull() });
const schema = { counters };
type TestedDatabase = Database<typeof schema>;

let migrationsFolder: string;
let test: TestDatabase;
const opened: TestedDatabase[] = [];

// Slow enough that several migrators meet, and not repeatable.
const migration = `create table counters (value integer not null);
--> statement-breakpoint
select pg_sleep(0.2);
--> statement-breakpoint
insert into counters values (1);`;

beforeAll(async () => {
  migrationsFolder = await mkdtemp(join(tmpdir(), 'migrations-'));
  await mkdir(join(migrationsFolder, 'meta'));
  await writeFile(join(migrationsFolder, '0000_first.sql'), migration);
  const entries = [{ idx: 0, version: '7', when: 1, tag: '0000_first', breakpoints: true }];
  const journal = { version: '7', dialect: 'postgresql', entries };
  await writeFile(join(migrationsFolder, 'meta', '_journal.json'), JSON.stringify(journal));
});

afterAll(() => rm(migrationsFolder, { recursive: true }));

beforeEach(async () => {
  test = await createTestDatabase();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
  await test.drop();
});

async function open(url: string, poolSize = 2, timeoutMs = 10_000): Promise<TestedDatabase> {
  const database = await openDatabase({
    config: { DATABASE_URL: url, DATABASE_POOL_SIZE: poolSize, DATABASE_TIMEOUT_MS: timeoutMs },
    schema,
    migrationsFolder,
    applicationName: 'test-service',
  });
  opened.push(database);
  return database;
}

async function backendOf({ db }: Pick<TestedDatabase, 'db'>): Promise<number | undefined> {
  return (await db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)).rows[0]?.pid;
}

const streamOf = (client: pg.ClientBase) =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

describe('openDatabase', () => {
  it('migrates once when several replicas start together', async () => {
    const databases = await Promise.all(Array.from({ length: 6 }, () => open(test.url)));
    for (const { db } of databases) expect(await db.select().from(counters)).toEqual([{ value: 1 }]);
  });

  it('leaves a migrated database as it is', async () => {
    await open(test.url);
    const again = await open(test.url);
    expect(await again.db.select().from(counters)).toEqual([{ value: 1 }]);
  });

  it('waits for a database that is still starting', async () => {
    const link = await startNetworkLink(test.url);
    await link.cut();
    const opening = open(link.url);
    await delay(700);
    await link.restore();
    await (await opening).ping();
    await link.close();
  });

  it('waits for a database that takes connections and does not answer yet', async () => {
    const link = await startNetworkLink(test.url);
    link.freeze();
    const opening = open(link.url);
    await delay(500);
    await link.restore();
    // What was sent meanwhile is lost, so the first attempt times out.
    await (await opening).ping();
    await link.close();
  });

  it('waits for a proxy that hangs up while TLS begins, as long as Postgres is not behind it', async () => {
    let hungUp = 0;
    const proxy = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('S');
        socket.once('data', () => {
          hungUp += 1;
          socket.end();
        });
      });
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const config = {
      get DATABASE_URL() {
        return hungUp < 2 ? `postgres://somebody@127.0.0.1:${port}/x?sslmode=no-verify` : test.url;
      },
      DATABASE_POOL_SIZE: 1,
      DATABASE_TIMEOUT_MS: 10_000,
    };
    const database = await openDatabase({ config, schema, migrationsFolder, applicationName: 'test' });
    opened.push(database);
    await database.ping();
    expect(hungUp).toBe(2);
    await new Promise((resolve) => proxy.close(resolve));
  });

  it('gives up at once when waiting would not help', async () => {
    const missing = new URL(test.url);
    missing.pathname = '/no_such_database';
    // Less than the 15 s for which the pool retries a connection.
    const started = performance.now();
    await expect(open(missing.href)).rejects.toMatchObject({ code: '3D000' });
    const stranger = new URL(test.url);
    stranger.password = 'wrong';
    await expect(open(stranger.href)).rejects.toMatchObject({ code: '28P01' });
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('tells Postgres its name, and to give up on a statement after 5 s', async () => {
    const { pool } = await open(test.url);
    const settings = await pool.query(
      `select current_setting('application_name') as name, current_setting('statement_timeout') as timeout`,
    );
    expect(settings.rows).toEqual([{ name: 'test-service', timeout: '5s' }]);
  });
});

describe('a database that is gone', () => {
  it('is a 503 problem with Retry-After, until it is back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'latchkey-killed-'));
    const options = { directory, durable: false, temporary: true };
    let postgres = await startPostgres(options);
    const link = await startNetworkLink(await postgres.createDatabase('mine'));
    const database = await openDatabase({
      config: { DATABASE_URL: link.url, DATABASE_POOL_SIZE: 2, DATABASE_TIMEOUT_MS: 2000 },
      schema,
      migrationsFolder,
      applicationName: 'test',
    });
    const { app, logText } = await serviceUnderTest();
    app.addReadinessCheck('postgres', () => database.ping());
    app.get('/counter', async () => database.db.select().from(counters));
    expect((await app.inject('/counter')).json()).toEqual([{ value: 1 }]);

    await postgres.kill();
    await link.cut();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const response = await app.inject('/counter');
      expect(response.statusCode).toBe(503);
      expect(response.headers['retry-after']).toBe('1');
      expect(response.headers['content-type']).toContain('application/problem+json');
      expect(response.json()).toMatchObject({ code: 'database_unavailable' });
      expect(response.body).not.toMatch(/127\.0\.0\.1|select|counters/);
    }
    expect((await app.inject('/ready')).json()).toMatchObject({ status: 503, failing: ['postgres'] });

    postgres = await startPostgres(options);
    await link.restore(postgres.url('mine'));
    await eventually('the service is ready', async () =>
      expect((await app.inject('/ready')).statusCode).toBe(200),
    );
    expect((await app.inject('/counter')).json()).toEqual([{ value: 1 }]);
    expect(logText()).not.toContain(new URL(postgres.url('mine')).password);

    await app.close();
    await database.close();
    await link.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it.each<[string, (stream: Socket) => unknown]>([
    [
      'whose TLS breaks',
      (stream) =>
        stream.destroy(Object.assign(new Error('bad record mac'), { code: 'ERR_SSL_BAD_RECORD_MAC' })),
    ],
    ['that sends what Postgres never sends', (stream) => stream.emit('data', Buffer.from('x\0\0\0\x04'))],
  ])('%s is a 503 problem with Retry-After, and its connection is not used again', async (_what, fail) => {
    const database = await open(test.url, 1);
    const { db, pool } = database;
    const { app } = await serviceUnderTest();
    const sleep = sql`select pg_sleep(4)`;
    app.get('/alone', () => db.execute(sleep));
    app.get('/transaction', () => db.transaction((tx) => tx.execute(sleep)));
    for (const url of ['/alone', '/transaction']) {
      const first = await backendOf(database);
      // When the first statement has been sent.
      pool.once('acquire', (client) => setImmediate(() => fail(streamOf(client))));
      const response = await app.inject(url);
      expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
      expect(response.json()).toMatchObject({ code: 'database_unavailable' });
      expect(await backendOf(database)).not.toBe(first);
    }
    await app.close();
  });

  it('that hangs up on every session costs no later request', async () => {
    const { db, pool } = await open(test.url);
    await Promise.all([db.execute(sql`select pg_sleep(0.05)`), db.execute(sql`select pg_sleep(0.05)`)]);
    await test.hangUp();
    await eventually('the pool has no connection left', () => expect(pool.totalCount).toBe(0));
    expect(await db.select().from(counters)).toEqual([{ value: 1 }]);
  });

  it('that hangs up between two statements of a transaction fails that transaction alone', async () => {
    const { db, pool } = await open(test.url);
    const broken = new Promise<void>((resolve) => {
      pool.once('connect', (client) => client.once('end', resolve));
    });
    const interrupted = db.transaction(async (tx) => {
      const { rows } = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      await db.execute(sql`select pg_terminate_backend(${rows[0]?.pid})`);
      await broken;
      await tx.insert(counters).values({ value: 2 });
    });
    expect(isDatabaseUnavailable(await interrupted.catch((error: unknown) => error))).toBe(true);
    expect(await db.select().from(counters)).toEqual([{ value: 1 }]);
  });

  it('that hangs up before a transaction begins costs no connection', async () => {
    const { db, pool } = await open(test.url, 1);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      // Another client's shutdown, after the pool hands out the connection and before the first statement.
      pool.once('acquire', (client) => void client.end());
      const error = await db.transaction(async () => 'begun').catch((reason: unknown) => reason);
      expect(isDatabaseUnavailable(error)).toBe(true);
    }
    expect(await db.transaction((tx) => tx.select().from(counters))).toEqual([{ value: 1 }]);
  });

  it('that freezes is given up on, and no connection on which a query waited is used again', async () => {
    const link = await startNetworkLink(test.url);
    const { db } = await open(link.url);
    const errorOf = (query: PromiseLike<unknown>) =>
      query.then(
        () => undefined,
        (error: unknown) => error,
      );
    const whole = errorOf(
      db.transaction(async (tx) => {
        await tx.select().from(counters);
        link.freeze();
        await tx.select().from(counters);
      }),
    );
    const single = errorOf(db.execute(sql`select pg_sleep(4)`));
    for (const error of [await whole, await single]) expect(isDatabaseUnavailable(error)).toBe(true);
    await link.restore(test.url);
    expect(await Promise.all([1, 2].map(() => db.select().from(counters)))).toEqual([
      [{ value: 1 }],
      [{ value: 1 }],
    ]);
    await link.close();
  });

  it('is told apart from a mistake in a query', async () => {
    const { db } = await open(test.url);
    const errorOf = (query: Promise<unknown>) =>
      query.then(
        () => undefined,
        (error: unknown) => error,
      );
    const mistakes = [sql`select * from nowhere`, sql`select 1/0`, sql`insert into counters values (null)`];
    for (const query of mistakes) expect(isDatabaseUnavailable(await errorOf(db.execute(query)))).toBe(false);
    const slow = sql`select set_config('statement_timeout', '50', true), pg_sleep(1)`;
    const cancelled = db.transaction(async (tx) => {
      await tx.execute(sql`set local statement_timeout = 50`);
      await tx.execute(slow);
    });
    expect(isDatabaseUnavailable(await errorOf(cancelled))).toBe(true);
  });

  it('has no connection left: requests wait, then are refused', async () => {
    const { db, pool } = await open(test.url, 1, 200);
    // On a busy machine, connecting may take longer than that, too.
    const busy = await eventually('the connection is taken', () => pool.connect());
    const error = await db.execute(sql`select 1`).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    busy.release();
    expect(isDatabaseUnavailable(error)).toBe(true);
  });
});
