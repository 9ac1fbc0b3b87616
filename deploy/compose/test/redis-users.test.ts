import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestRedis } from '@latchkey/dev-stack/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authServiceCommands, redisUsers } from '../src/secrets/redis-users.ts';

const authService = join(import.meta.dirname, '..', '..', '..', 'apps', 'auth-service', 'src');

/** Commands that make a connection and check that it is alive. ioredis sends them by itself. */
const connectionCommands = ['auth', 'hello', 'info', 'ping', 'client|setname', 'client|setinfo'];

/** Methods of ioredis that send no command, or several. */
const notCommands = ['on', 'off', 'connect', 'disconnect', 'pipeline', 'exec', 'defineCommand'];

/** The commands that auth-service's scripts call, and those that it sends on its connection, in lower case. */
function commandsInUse(): Set<string> {
  const found = new Set(['eval', 'evalsha']);
  const collect = (pattern: string, command: RegExp) => {
    for (const file of globSync(pattern, { cwd: authService })) {
      const source = readFileSync(join(authService, file), 'utf8');
      for (const [, name = ''] of source.matchAll(command)) found.add(name.toLowerCase());
    }
  };
  collect('**/*.lua', /redis\.p?call\('([A-Za-z]+)'/g);
  collect('**/*.ts', /\b(?:redis|pipeline)\.(\w+)\(/g);
  for (const name of notCommands) found.delete(name.toLowerCase());
  return found;
}

let server: Awaited<ReturnType<typeof startTestRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await startTestRedis();
  redis = new Redis(server.url);
  const digest = '0'.repeat(64);
  for (const line of redisUsers({ admin: digest, authService: digest }).trim().split('\n')) {
    // The machine's Redis may be older than the container's: 7.0 does not know client|setinfo.
    const [, name = '', ...rules] = line.replace(' +client|setinfo', '').split(' ');
    if (name !== 'default') await redis.call('ACL', 'SETUSER', name, ...rules);
  }
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function verdict(user: string, ...command: string[]): Promise<string> {
  return String(await redis.call('ACL', 'DRYRUN', user, ...command));
}

describe('the Redis user of auth-service', () => {
  it('may send the commands that auth-service sends, and no others', () => {
    const needed = new Set([...commandsInUse(), ...connectionCommands]);
    expect(authServiceCommands.toSorted()).toEqual([...needed].toSorted());
  });

  it('may use keys that carry a hash tag', async () => {
    expect(await verdict('auth-service', 'SET', '{0}:u:someone', '1')).toBe('OK');
    expect(await verdict('auth-service', 'GET', '{attempts}:sign-in:x')).toBe('OK');
    const read = ['XREAD', 'COUNT', '1', 'BLOCK', '1', 'STREAMS', '{0}:revocations', '0-0'];
    expect(await verdict('auth-service', ...read)).toBe('OK');
  });

  it.each([
    'GET another-key',
    'KEYS *',
    'SCAN 0',
    'FLUSHALL',
    'CONFIG GET *',
    'ACL LIST',
    'CLIENT LIST',
    'SHUTDOWN',
    'DEBUG SLEEP 1',
    'SCRIPT FLUSH',
    'PUBLISH channel x',
  ])('may not send %s', async (command) => {
    expect(await verdict('auth-service', ...command.split(' '))).toMatch(/no permissions/);
  });
});

describe('the Redis user of the health check', () => {
  it('may send PING and nothing else', async () => {
    expect(await verdict('health', 'PING')).toBe('OK');
    expect(await verdict('health', 'GET', '{0}:u:someone')).toMatch(/no permissions/);
    expect(await verdict('health', 'INFO')).toMatch(/no permissions/);
  });
});
