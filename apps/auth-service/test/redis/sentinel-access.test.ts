import { startTestSentinels, testEngines } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectRedis } from '../../src/redis/connection.ts';

describe.each(testEngines)('$name sentinels with a password that changes', ({ program = '' }) => {
  const run = test.skipIf(program === '');

  /** A connection through one sentinel. Both it and the master know the user `service`. */
  async function connect() {
    const sentinels = await startTestSentinels({ program, downAfterMs: 60_000 });
    onTestFinished(() => sentinels.stop());
    const { host, port } = new URL(sentinels.url.replace('redis+sentinel', 'http').replace(/,[^/]*/, ''));
    const [{ redis: master }] = sentinels.servers;
    const sentinel = new Redis(Number(port), '127.0.0.1');
    onTestFinished(() => sentinel.disconnect());
    const setPassword = async (password: string) => {
      for (const server of [master, sentinel])
        await server.call('ACL', 'SETUSER', 'service', 'reset', 'on', `>${password}`, '~*', '&*', '+@all');
    };
    const urlWith = (password: string) =>
      `redis+sentinel://service:${password}@${host}/shop?sentinel_username=service&sentinel_password=${password}`;
    await setPassword('first');
    let url = urlWith('first');
    const errors: string[] = [];
    const redis = connectRedis({ url: () => url, onError: ({ message }) => errors.push(message) });
    onTestFinished(() => redis.disconnect());
    await eventually('the first password is used', () => redis.ping());
    return {
      ...{ redis, master, sentinel, errors, setPassword },
      use: (password: string) => {
        url = urlWith(password);
      },
    };
  }

  run('let us in after it was changed, first there and then in our URL', async () => {
    const { redis, master, sentinel, errors, setPassword, use } = await connect();
    await setPassword('second');
    for (const server of [master, sentinel]) await server.call('CLIENT', 'KILL', 'USER', 'service');
    await eventually('the sentinel refuses it', async () => {
      await redis.ping().catch(() => {});
      expect(errors.join()).toContain('WRONGPASS');
    });
    use('second');
    await eventually('the second password is used', () => redis.ping());
  });

  run('tell us of failovers after it was changed, also if the master kept our connection', async () => {
    const { sentinel, setPassword, use } = await connect();
    const isHeard = async () =>
      expect(String(await sentinel.call('CLIENT', 'LIST'))).toMatch(/ sub=1 .* user=service( |$)/m);
    await eventually('the sentinel is heard', isHeard);
    await setPassword('second');
    use('second');
    await sentinel.call('CLIENT', 'KILL', 'USER', 'service');
    await eventually('the sentinel is heard again', isHeard);
  });
});
