import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { filesOf, isInHistory, lastRelease } from './last-release.ts';
import { faultsOf, type Migration, migrationsIn } from './migrations.ts';
import { releases } from './releases.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const release = lastRelease();
const skipped = !isInHistory(release);
const rule = `A migration after release ${release.name} only adds, or is marked as a contract step: docs/how-to/upgrade.md`;

const database = await forThisFile(createTestDatabase());

function faultsIn(migrations: readonly Migration[], released: ReadonlySet<string>): Promise<string[]> {
  const names = releases.map(({ name }) => name);
  return faultsOf(migrations, { released, releases: names, databaseUrl: database.url });
}

test.skipIf(skipped).each(globSync('apps/*/drizzle', { cwd: repository }))(
  'the migrations in %s since the last release leave it running',
  async (folder) => {
    const files = filesOf(release, folder).filter((path) => path.endsWith('.sql'));
    const released = new Set(files.map((path) => basename(path, '.sql')));
    expect(await faultsIn(migrationsIn(join(repository, folder)), released), rule).toEqual([]);
  },
);

const first = {
  name: '0000_first',
  sql: `CREATE TABLE people (id text PRIMARY KEY, name text NOT NULL DEFAULT '', age integer);
        CREATE TABLE pets (id text PRIMARY KEY);`,
};

test.each([
  ['ALTER TABLE people DROP COLUMN age', 'people.age is gone or has another name'],
  ['DROP TABLE pets', 'pets.id is gone or has another name'],
  ['ALTER TABLE people RENAME COLUMN age TO years', 'people.age is gone or has another name'],
  ['ALTER TABLE people ALTER COLUMN age TYPE text', 'people.age has another type'],
  ['ALTER TABLE people ALTER COLUMN age SET NOT NULL', 'people.age is required now'],
  ['ALTER TABLE people ALTER COLUMN name DROP NOT NULL', 'people.name may be null now'],
  ['ALTER TABLE people ALTER COLUMN name DROP DEFAULT', 'people.name has no default any more'],
  ['ALTER TABLE people ADD COLUMN street text NOT NULL', 'people.street is required and has no default'],
  ['CREATE UNIQUE INDEX people_name ON people (name)', 'people_name refuses rows of people that were good'],
  ['ALTER TABLE people ADD CONSTRAINT grown CHECK (age > 17)', 'grown refuses rows of people that were good'],
  ['-- Tidies up.\nUPDATE people SET age = 0', 'it changes rows, which older replicas go on writing'],
  ['-- contract: since release 1999 nobody has pets.\nDROP TABLE pets', 'there is no release 1999'],
  ['-- contract\nDROP TABLE pets', 'pets.id is gone or has another name'],
])('a migration must not: %s', async (sql, fault) => {
  const faults = await faultsIn([first, { name: '0001_next', sql }], new Set([first.name]));
  expect(faults).toContain(`0001_next: ${fault}`);
});

test('a migration may add, a released one has done what it did, and a contract step is marked', async () => {
  const adds = {
    name: '0001_adds',
    sql: `ALTER TABLE people ADD COLUMN street text;--> statement-breakpoint
      ALTER TABLE people ADD COLUMN is_grown boolean DEFAULT false NOT NULL;--> statement-breakpoint
      CREATE INDEX people_age ON people (age);--> statement-breakpoint
      CREATE TABLE visits (id text PRIMARY KEY, person text NOT NULL REFERENCES people (id));--> statement-breakpoint
      ALTER TABLE people ADD COLUMN visit text REFERENCES visits (id);`,
  };
  const contract = `-- contract: since release ${releases[0]?.name} nobody reads people.age.\nALTER TABLE people DROP COLUMN age;`;
  const migrations = [first, adds, { name: '0002_contract', sql: contract }];
  expect(await faultsIn(migrations, new Set([first.name]))).toEqual([]);
  const unmarked = [first, { name: '0001_drop', sql: 'DROP TABLE pets;' }];
  expect(await faultsIn(unmarked, new Set([first.name, '0001_drop']))).toEqual([]);
});
