import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createClient } from '../postgres/client.ts';

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface ProvidedContext {
    postgresUrl: string;
  }
}

export type TestDatabase = {
  url: string;
  /**
   * Copies the database, to which nobody may be connected. The returned function puts the copy in its place, once, and
   * closes all connections to it.
   */
  backUp(): Promise<() => Promise<void>>;
  /** Closes all connections to this database, and none of another test's, whatever their names are. */
  hangUp(): Promise<void>;
  /** Deletes the database and its unused copies, closing all connections to it. */
  drop(): Promise<void>;
};

/** The templates of new databases, by the function that filled them. */
const templates = new Map<TestDatabaseOptions['filledBy'], Promise<string>>();

export type TestDatabaseOptions = {
  /**
   * Fills a template. Called once in this process, with the URL of a database; it must commit and disconnect before it
   * returns. Every database that names the same function starts as a copy of that template.
   */
  filledBy?: (url: string) => Promise<void>;
};

/**
 * Creates a database for one test in the Postgres that this test run shares. It is empty without `filledBy`: the code
 * under test runs its migrations.
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
  const copies = new Set<string>();
  return {
    url: url.href,
    async backUp() {
      const copy = `${name}_copy_${copies.size + 1}`;
      copies.add(copy);
      await query(admin, `CREATE DATABASE ${copy} TEMPLATE ${name}`);
      return async () => {
        await query(admin, `DROP DATABASE ${name} WITH (FORCE)`);
        await query(admin, `ALTER DATABASE ${copy} RENAME TO ${name}`);
      };
    },
    async hangUp() {
      await query(admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    },
    async drop() {
      for (const each of [name, ...copies])
        await query(admin, `DROP DATABASE IF EXISTS ${each} WITH (FORCE)`);
    },
  };
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
