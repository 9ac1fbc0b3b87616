import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createClient } from '../postgres/client.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

export type TestDatabase = {
  url: string;
  /** Deletes the database, ending whatever is still connected to it. */
  drop(): Promise<void>;
};

/** What a new database begins with, by the function that filled the first of its kind. */
const templates = new Map<TestDatabaseOptions['filledBy'], Promise<string>>();

export type TestDatabaseOptions = {
  /**
   * Called once in this process: what it makes in the database at `url`, and has committed and disconnected from when it
   * returns, every database that names this very function has from the start.
   */
  filledBy?: (url: string) => Promise<void>;
};

/**
 * A database of one's own in the Postgres that this test run shares. It is empty unless `filledBy` says otherwise: the
 * code under test runs its migrations.
 *
 * @example
 * const database = await createTestDatabase();
 * afterAll(() => database.drop());
 */
export async function createTestDatabase({ filledBy }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  if (filledBy === undefined) return await create('template0');
  let template = templates.get(filledBy);
  if (template === undefined) {
    template = create('template0').then(async ({ url }) => {
      await filledBy(url);
      return new URL(url).pathname.slice(1);
    });
    templates.set(filledBy, template);
  }
  return await create(await template);
}

async function create(template: string): Promise<TestDatabase> {
  const admin = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(admin, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => query(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function query(url: string, sql: string): Promise<void> {
  const client = createClient({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
