import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createTestDatabase, startTestRedis } from '@latchkey/dev-stack/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../src/commands/run-command.ts';
import { openAuthDatabase } from '../src/database/open-auth-database.ts';
import { authSchema } from '../src/database/schema.ts';
import { type KeyState, stateOf } from '../src/keys/life-cycle.ts';
import { revocationsKey } from '../src/redis/key-names.ts';
import { testPassword } from './support/auth-app.ts';

let env: NodeJS.ProcessEnv;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let redis: Awaited<ReturnType<typeof startTestRedis>>;
beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), startTestRedis()]);
  env = {
    PATH: process.env['PATH'],
    NODE_OPTIONS: process.env['NODE_OPTIONS'],
    NODE_ENV: 'test',
    PORT: '0',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    ISSUER: 'http://localhost:4000',
    JWKS_URI: 'http://localhost:4000/.well-known/jwks.json',
    REFRESH_TOKEN_KEYS: `k1:${randomBytes(32).toString('base64url')}`,
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
  };
});
afterAll(async () => {
  await redis.stop();
  await database.drop();
});

type Outcome = { code: number; stdout: string; stderr: string };

/** Starts a command as an operator's shell does. */
async function start(
  args: string[],
  input: string | Buffer = '',
  changes: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'src/commands.ts', ...args],
    {
      cwd: join(import.meta.dirname, '..'),
      env: { ...env, ...changes },
    },
  );
  child.stdin.end(input);
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

/** Runs a command in this process. A process of its own would take a second of CPU time. */
async function command(
  args: string[],
  input: string | Buffer = '',
  changes: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runCommand(args, {
    env: { ...env, ...changes },
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr,
  });
  return { code, stdout: await text(stdout.end()), stderr: await text(stderr.end()) };
}

async function accounts(): Promise<Record<string, string[]>> {
  const { db, close } = await openAuthDatabase({
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: 1,
    DATABASE_TIMEOUT_MS: 10_000,
  });
  const rows = await db.select().from(authSchema.accounts);
  await close();
  return Object.fromEntries(rows.map(({ username, roles }) => [username, roles]));
}

function timesOf(row: typeof authSchema.signingKeys.$inferSelect) {
  const ms = (time: Date | null) => time?.getTime() ?? null;
  return {
    kid: row.kid,
    publishedAt: row.publishedAt.getTime(),
    activatedAt: ms(row.activatedAt),
    retiredAt: ms(row.retiredAt),
    removedAt: ms(row.removedAt),
  };
}

const line = (username: string, ...roles: string[]) =>
  `${JSON.stringify({ username, password: testPassword, roles })}\n`;

describe('create-accounts', () => {
  it('makes an account for each line, and leaves one that exists as it is', async () => {
    const first = await start(
      ['create-accounts'],
      line('anna', 'customer') + line('ben', 'viewer', 'support'),
    );
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const second = await command(['create-accounts'], `${line('anna', 'admin')}\n${line('carla', 'admin')}`);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toMatch(/^anna: exists\ncarla: [\w-]+\n$/);
    expect(await accounts()).toEqual({ anna: ['customer'], ben: ['viewer', 'support'], carla: ['admin'] });
  });

  it('stops at an account that breaks a rule, saying which rule', async () => {
    const weak = JSON.stringify({ username: 'dora', password: 'short', roles: ['customer'] });
    expect(await command(['create-accounts'], weak)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^weak_password: /),
    });
    expect(await accounts()).not.toHaveProperty('dora');
  });

  it('makes no account from input that is not UTF-8, because nobody could type such a password', async () => {
    const latin1 = Buffer.from(
      line('erik', 'customer').replace(testPassword, `${testPassword} \u00e9`),
      'latin1',
    );
    expect(await command(['create-accounts'], latin1)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^malformed_input: /),
    });
    expect(await accounts()).not.toHaveProperty('erik');
  });

  it('takes no byte order mark for input, which some editors and shells write', async () => {
    const marked = `\ufeff${line('anna', 'customer')}`;
    expect(await command(['create-accounts'], marked)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^anna: /),
    });
  });

  it('makes no account when a line is not one, and does not repeat the line', async () => {
    const { code, stderr } = await start(
      ['create-accounts'],
      `${line('emil', 'customer')}{"password":"s3cret"}`,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('line 2 is not an account');
    expect(stderr).not.toContain('s3cret');
    expect(await accounts()).not.toHaveProperty('emil');
  });
});

describe('register-applications', () => {
  const secret = randomBytes(32).toString('base64url');
  const gifts = {
    id: 'gift-ideas',
    name: 'Gift ideas',
    redirect_uris: ['http://localhost:3001/callback'],
    scopes: ['openid', 'wishlist:read'],
    secret,
  };
  const books = { ...gifts, id: 'book-club', name: 'Book club' };
  const register = (...lines: unknown[]) =>
    command(['register-applications'], lines.map((each) => `${JSON.stringify(each)}\n`).join(''));

  async function registered() {
    const { db, close } = await openAuthDatabase({
      DATABASE_URL: database.url,
      DATABASE_POOL_SIZE: 1,
      DATABASE_TIMEOUT_MS: 10_000,
    });
    const rows = await db.select().from(authSchema.applications);
    await close();
    return new Map(rows.map(({ clientId, ...row }) => [clientId, row]));
  }

  it('registers each line, with the hash of its secret; a second time it changes what has changed', async () => {
    const first = await start(['register-applications'], `${JSON.stringify(gifts)}\n\n`);
    expect(first).toEqual({ code: 0, stdout: 'gift-ideas: registered\n', stderr: '' });
    const before = (await registered()).get('gift-ideas');
    expect(before).toEqual({
      kind: 'application',
      isBoundOnly: false,
      name: 'Gift ideas',
      redirectUris: gifts.redirect_uris,
      postLogoutRedirectUris: [],
      backchannelLogoutUri: null,
      scopes: gifts.scopes,
      authentication: 'client_secret_basic',
      secretHash: createHash('sha256').update(secret).digest('base64url'),
      jwksUri: null,
      logoUri: null,
      pairwiseSector: null,
      maxSessions: null,
      createdAt: expect.any(Date),
    });

    expect(await register(gifts, books)).toEqual({
      code: 0,
      stdout: 'gift-ideas: unchanged\nbook-club: registered\n',
      stderr: '',
    });
    const moved = { ...gifts, redirect_uris: ['https://gifts.example/callback'] };
    expect((await register(moved)).stdout).toBe('gift-ideas: changed\n');
    expect((await registered()).get('gift-ideas')).toEqual({ ...before, redirectUris: moved.redirect_uris });
  });

  it.each([
    {
      what: 'a redirect URI that nobody may have',
      change: { redirect_uris: ['http://gifts.example/'] },
      fault: 'Redirect URI 1',
    },
    { what: 'a name that cannot be seen', change: { name: '\u200b' }, fault: 'The name' },
    { what: 'the id of our own client', change: { id: 'storefront' }, fault: 'storefront: This is the id' },
  ])('refuses $what, as the route does, and registers nothing', async ({ change, fault }) => {
    const known = (await registered()).size;
    const { code, stdout, stderr } = await register({ ...gifts, id: 'newcomer' }, { ...gifts, ...change });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^invalid_client_metadata: /);
    expect(stderr).toContain(fault);
    expect((await registered()).size).toBe(known);
  });

  it('registers our own clients, which need no secret, and changes those that we add by ourselves', async () => {
    const kiosk = {
      ...{ id: 'kiosk', name: 'Kiosk', kind: 'native', redirect_uris: [], max_sessions: 2 },
      dpop_bound_access_tokens: true,
    };
    const mobile = { ...kiosk, id: 'latchkey-mobile', redirect_uris: ['com.example.shop:/done'] };
    expect((await register(kiosk, mobile)).stdout).toBe('kiosk: registered\nlatchkey-mobile: registered\n');
    expect((await register(kiosk)).stdout).toBe('kiosk: unchanged\n');
    expect((await registered()).get('kiosk')).toMatchObject({
      kind: 'native',
      isBoundOnly: true,
      maxSessions: 2,
      scopes: [],
      authentication: 'none',
      secretHash: null,
    });
    for (const change of [{ id: 'gift-ideas' }, { kind: 'browser', id: 'latchkey-cli' }, { kind: 'browser' }])
      expect((await register({ ...kiosk, ...change })).stderr).toContain('This is the id of');
    const page = { id: 'page', name: 'Page', kind: 'browser', redirect_uris: ['com.example.shop:/done'] };
    expect((await register(page)).stderr).toContain('A page is at an http or https address');
    expect((await register({ ...gifts, id: 'kiosk' })).stderr).toContain('This is the id of one of our own');
  });

  it.each([
    { what: 'a secret that could be guessed', change: { secret: 's3cret' } },
    { what: 'a scope of auth-service', change: { scopes: ['openid', 'accounts:manage'] } },
    { what: 'a member that it does not know', change: { kind: 'browser' } },
    { what: 'text that is not Unicode', change: { name: 'Gifts \ud800' } },
  ])('refuses $what, without repeating the line', async ({ change }) => {
    const known = (await registered()).size;
    const refused = register({ ...gifts, id: 'newcomer' }, { ...gifts, ...change });
    await expect(refused).rejects.toThrow(/^line 2 is not an application$/);
    expect((await registered()).size).toBe(known);
  });
});

describe('rotate-key', () => {
  let unused: Awaited<ReturnType<typeof createTestDatabase>>;
  beforeEach(async () => {
    unused = await createTestDatabase();
  });
  afterEach(() => unused.drop());

  it('does not use Redis', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stdout, stderr } = await start(['rotate-key'], '', {
      DATABASE_URL: unused.url,
      REDIS_URL: `redis://127.0.0.1:${port}`,
    });
    server.close();
    expect({ code, stderr, connections }).toEqual({ code: 0, stderr: '', connections: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ action: 'activated', kid: expect.any(String) });
  });

  it('gives the reason of a refusal by its exit code', async () => {
    const rotateKey = () => command(['rotate-key'], '', { DATABASE_URL: unused.url });
    expect(await rotateKey()).toMatchObject({ code: 0 });
    expect(await rotateKey()).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^rotation_too_early: .+\n$/),
    });
  });
});

describe('revoke-key', () => {
  let own: Awaited<ReturnType<typeof createTestDatabase>>;
  beforeEach(async () => {
    own = await createTestDatabase();
    // On an empty database the command creates the first keys.
    await revokeOrRotate(['rotate-key']);
  });
  afterEach(() => own.drop());

  const revokeOrRotate = (args: string[], changes: NodeJS.ProcessEnv = {}) =>
    command(args, '', { DATABASE_URL: own.url, ...changes });

  const states = async () => {
    const { db, close } = await openAuthDatabase({
      DATABASE_URL: own.url,
      DATABASE_POOL_SIZE: 1,
      DATABASE_TIMEOUT_MS: 10_000,
    });
    const rows = await db.select().from(authSchema.signingKeys);
    await close();
    return new Map(rows.map((row) => [row.kid, stateOf(timesOf(row))]));
  };
  const kidOf = async (wanted: KeyState) =>
    [...(await states())].find(([, state]) => state === wanted)?.[0] ?? '';

  it('lets the next key sign, tells everybody through Redis, and tells them again when it is repeated', async () => {
    const [kid, next] = [await kidOf('active'), await kidOf('next')];
    const { code, stdout, stderr } = await revokeOrRotate(['revoke-key', kid]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ action: 'revoked', kid, activated: next, next: expect.any(String) });
    expect((await states()).get(kid)).toBe('gone');
    const again = await revokeOrRotate(['revoke-key', kid]);
    expect([again.code, JSON.parse(again.stdout)]).toEqual([0, { action: 'revoked', kid }]);

    const client = new Redis(redis.url);
    const entries = await client.xrange(revocationsKey(0), '-', '+');
    client.disconnect();
    const told = entries.filter(([, fields]) =>
      fields.join(' ').includes(`kind key id ${kid} reason key_revoked`),
    );
    expect(told).toHaveLength(2);
  });

  it('has an exit code for an unknown key, and requires a key id', async () => {
    // One in 64 keys has an id that begins with a dash.
    expect(await revokeOrRotate(['revoke-key', '-stranger'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^key_not_found: .+\n$/),
    });
    expect(await revokeOrRotate(['revoke-key'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('KID'),
    });
  });

  it('says when nobody can be told, and does not undo the change', async () => {
    const kid = await kidOf('active');
    const unreachable = { REDIS_URL: 'redis://127.0.0.1:1' };
    const { code, stderr } = await start(['revoke-key', kid], '', { DATABASE_URL: own.url, ...unreachable });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^session_store_unavailable: .+\n$/),
    });
    expect((await states()).get(kid)).toBe('gone');
  });
});

describe('a setting that is missing', () => {
  it('is named in one message, without a stack', async () => {
    const { code, stderr } = await start(['rotate-key'], '', { ISSUER: undefined, REDIS_URL: undefined });
    expect(code).toBe(1);
    expect(stderr).toContain('ISSUER');
    expect(stderr).toContain('REDIS_URL');
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

it.each([
  { what: 'a command that does not exist', args: ['create-everything'], run: start },
  { what: 'an option that does not exist', args: ['rotate-key', '--force'], run: command },
])('$what is answered with the usage and exit code 2', async ({ args, run }) => {
  expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Usage/) });
});
