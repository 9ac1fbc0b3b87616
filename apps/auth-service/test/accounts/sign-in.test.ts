import { randomBytes } from 'node:crypto';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Accounts, createAccounts } from '../../src/accounts/accounts.ts';
import { nameAndNetworkLimit } from '../../src/accounts/attempt-limits.ts';
import { createPasswordHasher, type Derive } from '../../src/accounts/password-hash.ts';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import { accounts as accountsTable } from '../../src/database/schema.ts';
import type { RedisClient } from '../../src/redis/client.ts';
import { type OpenTestDatabase, openTestDatabase } from '../database/open-test-database.ts';
import { connect } from '../sessions/session-fixture.ts';

const testPassword = 'a long enough passphrase';
const home = '192.0.2.7';

let database: OpenTestDatabase;
let server: TestRedis;
let redis: RedisClient;
let accounts: Accounts;
let audited: AuditEvent[];
let derivations: string[];

/** Replaces argon2id where only the number and cost of hashes matter. */
const countedDerive: Derive = async (password, { memoryKiB, passes, parallelism, salt, hashBytes }) => {
  derivations.push(`${memoryKiB}/${passes}/${parallelism}/${salt.length}`);
  return Buffer.concat([password, Buffer.alloc(hashBytes)]).subarray(0, hashBytes);
};

beforeAll(async () => {
  [database, server] = await Promise.all([openTestDatabase(), startTestRedis()]);
  redis = connect(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await Promise.all([database.close(), server.stop()]);
});
beforeEach(async () => {
  await redis.flushall();
  await database.db.delete(accountsTable);
  audited = [];
  derivations = [];
  accounts = await accountsWith({ derive: countedDerive });
});

function accountsWith(options: {
  derive?: Derive;
  hashConcurrency?: number;
  clock?: () => number;
}): Promise<Accounts> {
  return createAccounts({
    db: database.db,
    redis,
    audit: { record: (event) => void audited.push(event) },
    clock: Date.now,
    randomBytes,
    pseudonymKey: randomBytes(32),
    hashConcurrency: 2,
    sessions: { find: async () => undefined, endAll: async () => [], changeRoles: async () => {} },
    ...options,
  });
}

async function register(username: string): Promise<string> {
  return (await accounts.create({ username, password: testPassword, roles: ['customer'] })).id;
}

/** Everything that a caller can see of a refusal. */
async function refusalOf(username: string, password: string, address = home): Promise<unknown> {
  try {
    await accounts.signIn({ username, password, address });
  } catch (error) {
    const { status, code, message, headers } = error as Error & Record<string, unknown>;
    return { status, code, message, headers };
  }
  throw new Error('the sign-in succeeded');
}

test('the right password signs in, however the name is written', async () => {
  const id = await register('alice');
  const real = await accountsWith({});
  await real.create({ username: 'bob', password: testPassword, roles: ['viewer'] });
  expect(await accounts.signIn({ username: ' ＡLICE', password: testPassword, address: home })).toMatchObject(
    {
      id,
      username: 'alice',
      roles: ['customer'],
    },
  );
  expect(await real.signIn({ username: 'bob', password: testPassword, address: home })).toMatchObject({
    roles: ['viewer'],
  });
  await expect(
    real.signIn({ username: 'bob', password: `${testPassword} `, address: home }),
  ).rejects.toMatchObject({
    status: 401,
  });
});

test('an unknown name, a wrong password and a disabled account get one answer, at the cost of one hash each', async () => {
  await register('alice');
  await register('former');
  await database.db
    .update(accountsTable)
    .set({ disabledAt: new Date() })
    .where(eq(accountsTable.username, 'former'));

  const cases: [string, string][] = [
    ['alice', 'not the password'],
    ['nobody', 'not the password'],
    ['former', testPassword],
    ['former', 'not the password'],
    ['not a name at all \u0000', 'not the password'],
  ];
  const seen = new Set<string>();
  for (const [username, password] of cases) {
    derivations = [];
    const refusal = await refusalOf(username, password);
    seen.add(JSON.stringify({ refusal, derivations }));
  }
  expect([...seen].map((one) => JSON.parse(one))).toEqual([
    {
      refusal: expect.objectContaining({ status: 401, code: 'invalid_credentials' }),
      derivations: ['19456/2/1/16'],
    },
  ]);
});

test('an unknown name is limited like a known one', async () => {
  const now = Date.now();
  accounts = await accountsWith({ derive: countedDerive, clock: () => now });
  await register('alice');
  const answers = async (username: string) => {
    const all = [];
    for (let guess = 0; guess <= nameAndNetworkLimit.most; guess += 1)
      all.push(await refusalOf(username, 'a wrong guess'));
    return all;
  };
  const known = await answers('alice');
  expect(known.at(-1)).toMatchObject({
    status: 429,
    code: 'too_many_attempts',
    headers: { 'retry-after': '90' },
  });
  expect(await answers('nobody')).toEqual(known);
});

test('the limit comes before the hash, and holds for the right password too', async () => {
  await register('alice');
  for (let guess = 0; guess < nameAndNetworkLimit.most; guess += 1) await refusalOf('alice', 'a wrong guess');
  derivations = [];
  expect(await refusalOf('alice', testPassword)).toMatchObject({ status: 429 });
  expect(derivations).toEqual([]);
  expect(
    await accounts.signIn({ username: 'alice', password: testPassword, address: '192.0.2.8' }),
  ).toBeDefined();
});

test('a hundred sign-ins of one person at once succeed, although each is counted first', async () => {
  await register('alice');
  const all = Array.from({ length: 100 }, () =>
    accounts.signIn({ username: 'alice', password: testPassword, address: home }),
  );
  expect(new Set((await Promise.all(all)).map(({ username }) => username))).toEqual(new Set(['alice']));
});

test('a hundred guesses at once cost ten hashes', async () => {
  await register('alice');
  derivations = [];
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => refusalOf('alice', 'a wrong guess') as Promise<{ status: number }>),
  );
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(nameAndNetworkLimit.most);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(100 - nameAndNetworkLimit.most);
  expect(derivations).toHaveLength(nameAndNetworkLimit.most);
});

test('a hash of an older cost is replaced when its password is seen', async () => {
  const id = await register('alice');
  const older = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  await database.db.update(accountsTable).set({ passwordHash: older }).where(eq(accountsTable.id, id));
  const real = await accountsWith({});
  const signIn = () => real.signIn({ username: 'alice', password: 'password', address: home });
  await signIn();
  const [row] = await database.db.select().from(accountsTable).where(eq(accountsTable.id, id));
  expect((await createPasswordHasher({ randomBytes })).needsRehash(row?.passwordHash ?? '')).toBe(false);
  expect((await signIn()).id).toBe(id);
});

test('failures and the first refusal are audited, without the name that was typed', async () => {
  const id = await register('alice');
  audited = [];
  await refusalOf('my-secret-password-by-mistake', 'x');
  for (let guess = 0; guess < nameAndNetworkLimit.most + 5; guess += 1)
    await refusalOf('alice', 'a wrong guess');
  const failed = audited.filter(({ event }) => event === 'sign_in.failed');
  expect(failed).toHaveLength(nameAndNetworkLimit.most + 1);
  expect(failed[0]).not.toHaveProperty('subject', expect.anything());
  expect(failed[1]).toMatchObject({ subject: id, address: home });
  expect(audited.filter(({ event }) => event === 'sign_in.limited')).toHaveLength(1);
  expect(JSON.stringify(audited)).not.toMatch(/my-secret|alice|a wrong guess/);
});

test('when Postgres is away the attempt is not held against the person', async () => {
  await register('alice');
  await database.cutOff();
  try {
    for (let attempt = 0; attempt < nameAndNetworkLimit.most; attempt += 1) {
      await expect(
        accounts.signIn({ username: 'alice', password: testPassword, address: home }),
      ).rejects.toThrow();
    }
  } finally {
    await database.reconnect();
  }
  expect(await accounts.signIn({ username: 'alice', password: testPassword, address: home })).toBeDefined();
});
