import { startTestSentinels, testEngines } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { connectRedis } from '../../src/redis/connection.ts';

describe.each(testEngines)('$name sentinels with a password', ({ program = '' }) => {
  const run = test.skipIf(program === '');

  run('let us in after it was changed, first there and then in our URL', async () => {
    const sentinels = await startTestSentinels({ program, downAfterMs: 60_000 });
    const hosts = new URL(sentinels.url.replace('redis+sentinel', 'http').replaceAll(/,[^/]*/g, ''));
    const servers = [sentinels.servers[0].redis, new Redis(Number(hosts.port), '127.0.0.1')];
    const login = (password: string) => `service:${password}@${hosts.host}/shop`;
    const urlWith = (password: string) =>
      `redis+sentinel://${login(password)}?sentinel_username=service&sentinel_password=${password}`;
    const setPassword = async (password: string) => {
      for (const server of servers)
        await server.call('ACL', 'SETUSER', 'service', 'reset', 'on', `>${password}`, '~*', '&*', '+@all');
    };
    await setPassword('first');
    let url = urlWith('first');
    const errors: string[] = [];
    const redis = connectRedis({ url: () => url, onError: ({ message }) => errors.push(message) });
    try {
      await eventually('the first password is used', () => redis.ping());
      await setPassword('second');
      for (const server of servers) await server.call('CLIENT', 'KILL', 'USER', 'service');
      await eventually('the sentinel refuses it', async () => {
        await redis.ping().catch(() => {});
        expect(errors.join()).toContain('WRONGPASS');
      });
      url = urlWith('second');
      await eventually('the second password is used', () => redis.ping());
    } finally {
      redis.disconnect();
      servers[1]?.disconnect();
      await sentinels.stop();
    }
  });
});
