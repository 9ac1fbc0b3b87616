import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { connectRedis } from '../../src/redis/connection.ts';
import { learnRedisTime, measureRedisTime } from '../../src/redis/redis-clock.ts';
import { loadScript } from '../../src/redis/script.ts';
import { connectPatiently } from '../sessions/session-fixture.ts';

const now = Date.now();
const ttlMs = 330_000;
const source = fileURLToPath(new URL('../../src/', import.meta.url));
const library = 'revocation/log/scripts/publish-revocation.lua';
const ending = 'sessions/scripts/end-session.lua';
const redeeming = 'sessions/scripts/redeem-code.lua';
const starting = 'sessions/scripts/start-session.lua';
/** Lua files that are parts of scripts, not scripts. */
const parts = [library, ending, 'redis/scripts/refuse-late.lua', 'redis/scripts/remember-reply.lua'];

/** Arguments for each script, with which it has an effect. Each runs in a data set of its own with one session. */
const scripts: Record<string, (shard: string) => { keys: string[]; args: (string | number)[] }> = {
  'accounts/scripts/charge-attempt.lua': (shard) => ({
    keys: [`${shard}:attempts`],
    args: [now, 1, 60_000, 10, 900_000, 0],
  }),
  'accounts/scripts/forgive-attempt.lua': (shard) => ({
    keys: [`${shard}:familiar`],
    args: [0, now + 1000, 60_000],
  }),
  'logins/scripts/end-logins.lua': (shard) => ({
    keys: [`${shard}:lu`, `${shard}:u`, ...log(shard)],
    args: [`${shard}:l:`, now, '', ttlMs],
  }),
  'logins/scripts/start-login.lua': (shard) => ({
    keys: [`${shard}:l:digest`, `${shard}:lu`],
    args: ['digest', 60_000, now + 3_600_000, 50, 'subject', 'alice'],
  }),
  // With an idle lifetime of 0 its effect is visible: the login is gone.
  'logins/scripts/use-login.lua': (shard) => ({
    keys: [`${shard}:l`, `${shard}:lu:`],
    args: [0, now, 'digest'],
  }),
  'oauth/client-authentication/scripts/use-assertion.lua': (shard) => ({
    keys: [`${shard}:assertion`, ...log(shard)],
    args: [now, ttlMs, 'own', 60_000, Math.floor(now / 1000) + 10, '', '', 0, 0],
  }),
  'redis/scripts/keep-record.lua': (shard) => ({ keys: [`${shard}:record`], args: ['a text', 60] }),
  'redis/scripts/mark-proof.lua': (shard) => ({ keys: [`${shard}:proof`], args: ['a mark', 60] }),
  'redis/scripts/prove-writable.lua': (shard) => ({ keys: [`${shard}:probe`], args: [60_000] }),
  'redis/scripts/remove-record.lua': (shard) => ({ keys: [`${shard}:l`], args: [] }),
  'redis/scripts/replace-record.lua': (shard) => ({ keys: [`${shard}:l`], args: ['another text'] }),
  'revocation/log/scripts/follow-revocations.lua': (shard) => ({ keys: log(shard), args: [now, ttlMs] }),
  'revocation/log/scripts/look-at-data-set.lua': (shard) => ({ keys: log(shard), args: [now, ttlMs] }),
  'revocation/log/scripts/publish.lua': (shard) => ({
    keys: log(shard),
    args: [now, ttlMs, 'kind', 'client', 'id', 'somebody', 'reason', 'client_revoked'],
  }),
  'revocation/log/scripts/read-revocations.lua': (shard) => ({
    keys: log(shard),
    args: [now, ttlMs, '-', '+', 500],
  }),
  'sessions/scripts/change-roles.lua': (shard) => ({
    keys: [`${shard}:n`, ...log(shard), `${shard}:s`],
    args: ['alice', now, ttlMs, 'viewer', 7, 30],
  }),
  'sessions/scripts/end-sessions.lua': (shard) => ({
    keys: [`${shard}:u`, ...log(shard), `${shard}:s`],
    args: ['alice', now, 'sign_out', ttlMs, 'the-id'],
  }),
  'sessions/scripts/end-surplus.lua': (shard) => ({
    keys: [`${shard}:u`, ...log(shard), `${shard}:s`],
    args: ['alice', now, 'displaced', ttlMs, 'latchkey-cli', 0, 'another-id', 'the-id'],
  }),
  'sessions/scripts/issue-code.lua': (shard) => ({
    keys: [`${shard}:c:code`],
    args: [60_000, 'subject', 'alice'],
  }),
  'sessions/scripts/lose-session.lua': (shard) => ({
    keys: [`${shard}:gone`, ...log(shard)],
    args: ['another-id', Math.floor(now / 1000), now, ttlMs, 'another', 30],
  }),
  'sessions/scripts/redeem-code.lua': (shard) => ({
    keys: [`${shard}:new`, `${shard}:u`, `${shard}:n`, ...log(shard), `${shard}:c`, `${shard}:l`],
    args: [
      '0-new',
      now,
      now + 3_600_000,
      ttlMs,
      's',
      'active',
      'u',
      'alice',
      'app',
      'https://app',
      'challenge',
    ],
  }),
  'sessions/scripts/refresh-session.lua': (shard) => ({
    keys: [`${shard}:s`, ...log(shard), `${shard}:u:`],
    args: ['the-id', 100_000, now, 10_000, 5_000, 200, 8, 'k1', ttlMs, 30],
  }),
  'sessions/scripts/rename-session.lua': (shard) => ({
    keys: [`${shard}:s`],
    args: ['alice', now, 'another name'],
  }),
  'sessions/scripts/renew-auth-time.lua': (shard) => ({ keys: [`${shard}:s`], args: ['alice', now] }),
  'sessions/scripts/start-session.lua': (shard) => ({
    keys: [`${shard}:new`, `${shard}:u`, `${shard}:n`, ...log(shard)],
    args: ['new-id', now, now + 3_600_000, ttlMs, 's', 'active', 'u', 'alice'],
  }),
};

const names = Object.keys(scripts);
const calls = names.map((name, index) => {
  const { keys, args } = scripts[name]?.(`{${index}}`) ?? { keys: [], args: [] };
  // A code is redeemed in one script with the start of its session.
  const next = name === redeeming ? [starting] : [];
  const files = [...partsOf(name), name, ...next];
  const script = loadScript<unknown>(
    basename(name, '.lua').replaceAll('-', ''),
    files.map((file) => new URL(`../../src/${file}`, import.meta.url)),
    { remembersReply: /\bremember\(/.test(readFileSync(source + name, 'utf8')) },
  );
  return (on: RedisClient) => script(on, keys, args);
});

let server: TestRedis;
let redis: RedisClient;
let patient: RedisClient;
let admin: RedisClient;
beforeAll(async () => {
  server = await startTestRedis();
  // Its connection stays, however long Redis is silent.
  redis = connectRedis({ url: server.url, onError: () => {}, silentLineMs: 60_000 });
  patient = connectPatiently(server.url);
  admin = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  patient.disconnect();
  admin.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await admin.flushall();
  for (const index of names.keys()) {
    const session = { s: 'active', g: 100_000, t: now - 60_000, r: 0, k: 'k1', x: now + 3_600_000 };
    const owner = { u: 'alice', c: 'latchkey-cli', l: 'customer', v: 1, a: 1, d: 'a name' };
    await admin.hset(`{${index}}:s`, { ...session, ...owner });
    await admin.hset(`{${index}}:c`, { client: 'app', redirect_uri: 'https://app', challenge: 'challenge' });
    await admin.hset(`{${index}}:l`, { subject: 'alice', auth_time: 1, expires_at: now + 3_600_000 });
    await admin.zadd(`{${index}}:lu`, now + 3_600_000, 'another-digest');
  }
});

test('the table below names every script', () => {
  const files = globSync('**/*.lua', { cwd: source }).filter((file) => !parts.includes(file));
  expect(names).toEqual(files.sort());
});

test('a script that Redis would begin after its deadline has no effect, and each of these has one in time', async () => {
  const before = await everything();
  // So that all of them are sent.
  await eventually('the clock of Redis is known', () => measureRedisTime(redis as Redis));

  await admin.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
  const outcomes = await Promise.allSettled(calls.map((call) => call(redis)));
  await admin.call('CLIENT', 'UNPAUSE');
  expect(outcomes.map(({ status }) => status)).toEqual(names.map(() => 'rejected'));
  // Replies come in order, so Redis has then processed all of them.
  await eventually('Redis has answered', () => redis.ping());
  expect(await everything()).toEqual(before);

  for (const [index, call] of calls.entries()) {
    await call(patient);
    const changed = (await everything()).get(String(index));
    expect(changed, names[index]).not.toEqual(before.get(String(index)));
  }
});

test('a clock of Redis that seemed to be an hour behind makes no script late, because it is read again', async () => {
  await calls[0]?.(patient);
  learnRedisTime(patient as Redis, Date.now() - 3_600_000);
  await expect(calls[0]?.(patient)).resolves.toBeDefined();
});

function partsOf(name: string): string[] {
  const text = readFileSync(source + name, 'utf8');
  if (/\bend_session\(/.test(text)) return [library, ending];
  return /\b(?:publish_revocation|ensure_data_set|epoch_of)\(/.test(text) ? [library] : [];
}

function log(shard: string): string[] {
  return [`${shard}:revocations`, `${shard}:revocations:head`];
}

/** All data, by shard. */
async function everything(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const key of (await admin.keys('*')).sort()) {
    const shard = /\d+/.exec(key)?.[0] ?? '';
    const value = (await admin.dumpBuffer(key))?.toString('hex') ?? '';
    found.set(shard, [...(found.get(shard) ?? []), `${key} ${value}`]);
  }
  return found;
}
