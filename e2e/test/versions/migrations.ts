import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { breaksIn, readCatalog } from './catalog.ts';

export type Migration = {
  readonly name: string;
  readonly sql: string;
};

/** The migrations in a folder of drizzle's, in their order. */
export function migrationsIn(folder: string): Migration[] {
  const journal = readFileSync(join(folder, 'meta', '_journal.json'), 'utf8');
  const { entries } = JSON.parse(journal) as { entries: { tag: string }[] };
  return entries.map(({ tag }) => ({ name: tag, sql: readFileSync(join(folder, `${tag}.sql`), 'utf8') }));
}

const mark = /^-- contract: since release (\S+) \S/m;
const changesRows = /^(update|delete|truncate|merge)\b/i;

/**
 * Runs the released migrations, then each newer one, in an empty database, and rolls back. Returns what breaks the rule
 * of docs/how-to/upgrade.md: a migration only adds, so that the last release goes on beside it. A contract step is
 * marked with the release since which the code does without what the step takes away.
 */
export async function faultsOf(
  migrations: readonly Migration[],
  {
    released,
    releases,
    databaseUrl,
  }: {
    /** The names of those that the last release has. */
    readonly released: ReadonlySet<string>;
    readonly releases: readonly string[];
    readonly databaseUrl: string;
  },
): Promise<string[]> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    await database.query('begin');
    const faults: string[] = [];
    for (const { name, sql } of migrations) {
      const statements = sql.split('--> statement-breakpoint').map((text) => text.trim());
      const before = await readCatalog(database);
      for (const statement of statements) await database.query(statement);
      if (released.has(name)) continue;
      const since = mark.exec(sql)?.[1];
      if (since !== undefined && releases.includes(since)) continue;
      if (since !== undefined) faults.push(`${name}: there is no release ${since}`);
      const rows = statements.some((text) => changesRows.test(withoutComments(text)));
      if (rows) faults.push(`${name}: it changes rows, which older replicas go on writing`);
      faults.push(...breaksIn(before, await readCatalog(database)).map((fault) => `${name}: ${fault}`));
    }
    return faults;
  } finally {
    await database.end();
  }
}

function withoutComments(sql: string): string {
  return sql.replaceAll(/^\s*--.*$/gm, '').trim();
}
