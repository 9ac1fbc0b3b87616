import { serviceKeys } from '@latchkey/services';
import { beforeAll, describe, expect, it } from 'vitest';
import { project } from '../docker.ts';
import {
  compose,
  container,
  containers,
  exec,
  refresh,
  serviceOf,
  services,
  signIn,
  useEverything,
} from '../system.ts';

/** What a container can read in /run/secrets, by file. */
async function secretsOf(service: string): Promise<Record<string, string>> {
  const script = 'cd /run/secrets && for file in *; do echo "$file $(base64 --wrap=0 "$file")"; done';
  const lines = (await exec(await container(service), 'sh', '-c', script)).trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [file = '', contents = ''] = line.split(' ');
      return [file, Buffer.from(contents, 'base64').toString()];
    }),
  );
}

const holders = [...services, 'gift-ideas', 'example-id', 'postgres', 'redis'];
let before: Record<string, Record<string, string>>;
beforeAll(async () => {
  before = Object.fromEntries(await Promise.all(holders.map(async (name) => [name, await secretsOf(name)])));
});

describe('secrets', () => {
  it('are handed to those that need them', () => {
    expect(Object.fromEntries(holders.map((name) => [name, Object.keys(before[name] ?? {}).sort()]))).toEqual(
      {
        ...Object.fromEntries(services.map((service) => [service, ['database-url']])),
        'auth-service': [
          ...['database-url', 'identity-providers', 'key-encryption-key'],
          ...['redis-url', 'refresh-token-keys'],
        ],
        'payment-service': ['database-url', 'fingerprint-key'],
        'gift-ideas': ['client-secret'],
        'example-id': ['clients'],
        postgres: [...serviceKeys, 'superuser'].sort().map((role) => `${role}-password`),
        redis: ['admin-password', 'users.acl'],
      },
    );
  });

  it('are in volumes that nobody else mounts, read-only but for who makes them', async () => {
    const mounts = (await containers()).flatMap((each) =>
      each.Mounts.filter(({ Name }) => Name?.endsWith('secrets')).map(({ Name, RW }) => ({
        volume: Name?.replace(`${project}_`, ''),
        by: serviceOf(each),
        writable: RW,
      })),
    );
    const readers = mounts.filter(({ by }) => by !== 'secrets');
    expect(readers.every(({ writable }) => !writable)).toBe(true);
    expect(readers.map(({ volume, by }) => `${volume} ${by}`).sort()).toEqual(
      [
        ...holders.map((holder) => `${holder}-secrets ${holder}`),
        // These two run auth-service's own commands.
        'auth-service-secrets demo-accounts',
        'auth-service-secrets gift-ideas-registration',
        'gift-ideas-secrets gift-ideas-registration',
      ].sort(),
    );
  });

  it('are in no container’s configuration and in no log', async () => {
    const values = Object.values(before)
      .flatMap((files) => Object.values(files))
      .flatMap((contents) => contents.match(/[\w-]{43}/g) ?? []);
    expect(values.length).toBeGreaterThan(10);
    const visible =
      JSON.stringify(await containers()) + (await compose('logs', '--no-color')) + (await compose('config'));
    for (const value of values) expect(visible.includes(value)).toBe(false);
  });

  it('are the same after the containers were made anew, and so sessions go on', async () => {
    const { refresh_token: token } = await signIn();
    await compose('down', '--timeout', '30');
    await compose('up', '--wait');
    expect(await containers('secrets')).toHaveLength(1);
    expect(
      Object.fromEntries(await Promise.all(holders.map(async (name) => [name, await secretsOf(name)]))),
    ).toEqual(before);
    expect((await refresh(token)).status).toBe(200);
    await useEverything();
  });
});

describe('a service’s password for Postgres', () => {
  it.each(serviceKeys)('opens the database of %s, and no other', async (name) => {
    const from = await container('postgres');
    const url = (await secretsOf(`${name}-service`))['database-url'] ?? '';
    const opens = async (database: string) => {
      const other = url.replace(/\/[a-z]+$/, `/${database}`);
      return exec(from, 'psql', other, '--no-psqlrc', '--tuples-only', '--command', 'select 1').then(
        () => true,
        () => false,
      );
    };
    const all = [...serviceKeys, 'postgres', 'template1'];
    const opened = [];
    for (const database of all) if (await opens(database)) opened.push(database);
    expect(opened).toEqual([name]);
  });

  it('is asked for', async () => {
    const url = ((await secretsOf('cart-service'))['database-url'] ?? '').replace(/:[^:@]+@/, ':wrong@');
    await expect(exec(await container('postgres'), 'psql', url, '--command', 'select 1')).rejects.toThrow(
      /password authentication failed/,
    );
  });

  it('is no superuser’s', async () => {
    const rows = await exec(
      await container('postgres'),
      'psql',
      '--username=postgres',
      '--tuples-only',
      '--no-align',
      '--command',
      'select rolname, rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolcanlogin order by 1',
    );
    expect(rows.trim().split('\n')).toEqual(
      [...serviceKeys.map((role) => `${role}|f|f|f`), 'postgres|t|t|t'].sort(),
    );
  });
});

describe('Redis', () => {
  async function redis(script: string): Promise<string> {
    return exec(await container('redis'), 'sh', '-c', script);
  }
  const admin = 'REDISCLI_AUTH=$(cat /run/secrets/admin-password) redis-cli';

  it('answers nobody without a password', async () => {
    expect(await redis('redis-cli get x')).toContain('NOAUTH');
  });

  it('appends every write to a file', async () => {
    expect(await redis(`${admin} config get appendonly`)).toBe('appendonly\nyes\n');
    expect(await redis('ls /data/appendonlydir')).toContain('.incr.aof');
  });

  it('has refused auth-service nothing so far', async () => {
    expect((await redis(`${admin} acl log`)).trim()).toBe('');
  });

  it('lets auth-service do what it does, and no more', async () => {
    const url = (await secretsOf('auth-service'))['redis-url'] ?? '';
    const local = url.replace('@redis:', '@127.0.0.1:');
    const as = (command: string) => redis(`redis-cli -u '${local}' --no-auth-warning ${command}`);
    expect(await as('ping')).toBe('PONG\n');
    expect(await as("set '{0}:probe' 1 px 1000")).toBe('OK\n');
    for (const command of [
      "keys '*'",
      'flushall',
      "config get '*'",
      'get elsewhere',
      'acl list',
      'shutdown',
    ]) {
      expect(await as(command)).toMatch(/^NOPERM/);
    }
  });
});
