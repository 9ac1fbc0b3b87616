import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type RedisServer, startRedisServer } from '../redis/server.ts';

export type TestSentinels = {
  /** redis+sentinel://, with all sentinels. */
  readonly url: string;
  /** The server that was the master at the start, and its replica. */
  readonly servers: readonly [SentinelServer, SentinelServer];
  stop(): Promise<void>;
};

export type SentinelServer = {
  readonly port: number;
  readonly pid: number;
  /** For the test's own commands. */
  readonly redis: Redis;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
};

/**
 * Starts a master, its replica and three sentinels that watch them, on random loopback ports. Resolves when every
 * sentinel knows the replica and the others.
 *
 * @example
 * const sentinels = await startTestSentinels({ program: 'redis-server', downAfterMs: 2_000 });
 */
export async function startTestSentinels(options: {
  readonly program: string;
  /** After this without an answer, the master counts as down. */
  readonly downAfterMs: number;
}): Promise<TestSentinels> {
  const { program, downAfterMs } = options;
  const directories: string[] = [];
  const processes: RedisServer[] = [];
  const connections: Redis[] = [];

  async function start(more: Pick<Parameters<typeof startRedisServer>[0], 'args' | 'configuration'>) {
    const directory = mkdtempSync(join(tmpdir(), 'latchkey-redis-'));
    directories.push(directory);
    const server = await startRedisServer({ program, directory, durable: false, temporary: true, ...more });
    processes.push(server);
    const redis = new Redis(server.port, '127.0.0.1', {
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => (server.child.exit() === undefined ? Math.min(20 * attempt, 200) : null),
    });
    redis.on('error', () => {});
    connections.push(redis);
    return {
      port: server.port,
      pid: server.child.pid,
      redis,
      kill: async () => {
        await server.child.kill();
        redis.disconnect();
      },
    };
  }

  const args = ['--repl-diskless-sync-delay', '0'];
  const master = await start({ args });
  const replica = await start({ args: [...args, '--replicaof', '127.0.0.1', String(master.port)] });
  const sentinels = await Promise.all(
    [1, 2, 3].map(() =>
      start({
        configuration: (port) =>
          [
            `port ${port}`,
            'bind 127.0.0.1',
            `sentinel monitor shop 127.0.0.1 ${master.port} 2`,
            `sentinel down-after-milliseconds shop ${downAfterMs}`,
            // Twice this passes between two failovers.
            'sentinel failover-timeout shop 3000',
            '',
          ].join('\n'),
        args: ['--sentinel'],
      }),
    ),
  );
  await untilAllKnow(sentinels);
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/shop`,
    servers: [master, replica],
    async stop() {
      for (const connection of connections) connection.disconnect();
      await Promise.all(
        processes.map(({ child }) => {
          child.send('SIGCONT');
          return child.stop('SIGKILL', 5_000);
        }),
      );
      for (const directory of directories) rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilAllKnow(sentinels: readonly SentinelServer[]): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; await sleep(100)) {
    const infos = await Promise.all(sentinels.map(({ redis }) => redis.info('sentinel')));
    if (infos.every((info) => /status=ok,address=\S+,slaves=1,sentinels=3/.test(info))) return;
  }
  throw new Error('The sentinels did not find each other within 120 s.');
}
