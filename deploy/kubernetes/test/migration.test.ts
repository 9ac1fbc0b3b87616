import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { openDatabase } from '@latchkey/service-kit';
import { services } from '@latchkey/services';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '..', '..', '..');

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A database with an owner and a role that roles.sql restricts. */
async function databaseWithTwoRoles() {
  const database = await createTestDatabase();
  const role = `service_${randomBytes(4).toString('hex')}`;
  const owner = `${role}_owner`;
  onTestFinished(async () => {
    await database.drop();
    await query(database.url.replace(/[^/]+$/, 'postgres'), `DROP ROLE ${role}, ${owner}`);
  });
  await query(
    database.url,
    `CREATE ROLE ${role} LOGIN PASSWORD 'secret'; CREATE ROLE ${owner} LOGIN PASSWORD 'secret';
     ALTER DATABASE ${new URL(database.url).pathname.slice(1)} OWNER TO ${role}`,
  );
  const as = (user: string) =>
    Object.assign(new URL(database.url), { username: user, password: 'secret' }).href;
  const restrict = () => {
    const values: Record<string, string> = {
      service: role,
      owner,
      DBNAME: new URL(database.url).pathname.slice(1),
    };
    const sql = readFileSync(join(import.meta.dirname, '..', 'roles.sql'), 'utf8');
    return query(
      database.url,
      sql.replaceAll(/:"(\w+)"/g, (_, name) => `"${values[name]}"`),
    );
  };
  return { admin: database.url, owner: as(owner), service: as(role), role, restrict };
}

/** What the Job runs, in the folder of the service. */
function migrate(app: string, url: string) {
  return run(process.execPath, ['../../packages/service-kit/src/migrate.ts'], {
    cwd: join(repository, 'apps', app),
    env: { PATH: process.env['PATH'], NODE_OPTIONS: process.env['NODE_OPTIONS'], DATABASE_URL: url },
  });
}

async function open(app: string, url: string): Promise<void> {
  const database = await openDatabase({
    config: { DATABASE_URL: url, DATABASE_POOL_SIZE: 1, DATABASE_TIMEOUT_MS: 2000 },
    schema: {},
    migrationsFolder: join(repository, 'apps', app, 'drizzle'),
    applicationName: app,
  });
  await database.ping();
  await database.close();
}

async function rightsOf(role: string, url: string) {
  const { rows } = await query(
    url,
    `SELECT every(has_table_privilege('${role}', oid, 'SELECT') AND has_table_privilege('${role}', oid, 'INSERT')
              AND has_table_privilege('${role}', oid, 'UPDATE') AND has_table_privilege('${role}', oid, 'DELETE')) AS rows,
            bool_or(pg_has_role('${role}', relowner, 'USAGE')) AS tables
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  );
  return rows[0];
}

it.each(Object.values(services).map(({ name }) => name))(
  'after a migration by another role, %s starts with a role that may change rows and no tables',
  async (app) => {
    const { admin, owner, service, role, restrict } = await databaseWithTwoRoles();
    await restrict();
    await expect(open(app, service)).rejects.toThrow();
    expect((await migrate(app, owner)).stdout).toContain('migrated');
    await open(app, service);
    expect(await rightsOf(role, admin)).toEqual({ rows: true, tables: false });
    expect((await migrate(app, owner)).stdout).toContain('migrated');
  },
);

it('takes the tables from a role that has migrated them itself', async () => {
  const { admin, owner, service, role, restrict } = await databaseWithTwoRoles();
  await open('cart-service', service);
  expect(await rightsOf(role, admin)).toEqual({ rows: true, tables: true });
  await restrict();
  await open('cart-service', service);
  expect(await rightsOf(role, admin)).toEqual({ rows: true, tables: false });
  await migrate('cart-service', owner);
});

it('names the fault when the database refuses the migration', async () => {
  const { service, restrict } = await databaseWithTwoRoles();
  await restrict();
  await expect(migrate('cart-service', service)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('permission denied'),
  });
});
